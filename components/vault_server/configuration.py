"""The servers' configuration files, as text."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi

from components.vault_server.names import CLUSTER_PORT, PORT, addresses

DATA, AUDIT, TLS, CONFIG, SEAL_FOLDER, SCRATCH = "/data", "/audit", "/tls", "/config", "/seal", "/tmp"  # noqa: S108
"""Folders inside a server's pod."""

AUDIT_FILE = f"{AUDIT}/audit.log"
"""For the file audit device; another device writes to `stdout`. Both are enabled by the layer `secrets`."""

ALONE, TOGETHER = 1, 2
"""How many seconds servers wait for the leader before they choose another (raft's `performance_multiplier`: 1 is what
Vault's documentation recommends, 5 its default); twice the least, because nodes may be busy. A single server waits for
nobody."""

DEFAULT_TTL, MAX_TTL = "1h", "24h"
"""Of tokens and leases whose mount or role says nothing else: short, because who needs longer says so."""


@dataclass(frozen=True, kw_only=True)
class AwsKmsSeal:
    """Unsealed by a key of AWS KMS, with the pod's identity; there are no static keys."""

    key_arn: pulumi.Input[str]
    """ARN of the key; whoever may not use it can't unseal."""
    region: pulumi.Input[str]
    """Region of the key."""


@dataclass(frozen=True, kw_only=True)
class TransitSeal:
    """Unsealed by the transit engine of another Vault."""

    secret: pulumi.Input[str]
    """Secret whose `seal.hcl` is Vault's stanza `seal "transit"`: it holds a token. `SealVault` makes it."""


Seal = AwsKmsSeal | TransitSeal


def server(namespace: str, replicas: int, plugins: str | None, kms: tuple[str, str] | None) -> str:
    """Return `vault.hcl` of the highly available servers.

    `plugins` is the image's folder of external plugins; `kms` is key ARN and region, None where the stanza of the
    seal comes in a file of its own. What differs between servers (node id, addresses) is in their environment.
    """
    joins = [_join(address) for address in addresses(namespace, replicas)]
    parts = [_common(), _storage(ALONE if replicas == 1 else TOGETHER, *joins)]
    parts.append('service_registration "kubernetes" {}')
    if plugins is not None:
        parts.append(f"plugin_directory = {_text(plugins)}")
    if kms is not None:
        key, region = kms
        parts.append(f'seal "awskms" {{\n  kms_key_id = {_text(key)}\n  region = {_text(region)}\n}}')
    return "\n".join(parts) + "\n"


def sealer() -> str:
    """Return `vault.hcl` of the single server that seals the others; its token lives as long as they are down."""
    return "\n".join((_common(max_ttl="87600h"), _storage(ALONE))) + "\n"


def _common(max_ttl: str = MAX_TTL) -> str:
    return f"""ui = false
disable_mlock = true
log_format = "json"
log_level = "info"
default_lease_ttl = "{DEFAULT_TTL}"
max_lease_ttl = "{max_ttl}"
listener "tcp" {{
  address = "[::]:{PORT}"
  cluster_address = "[::]:{CLUSTER_PORT}"
  tls_cert_file = "{TLS}/tls.crt"
  tls_key_file = "{TLS}/tls.key"
  tls_min_version = "tls12"
  telemetry {{
    unauthenticated_metrics_access = false
  }}
}}
telemetry {{
  prometheus_retention_time = "24h"
  disable_hostname = true
}}"""


def _storage(multiplier: int, *joins: str) -> str:
    lines = (f'  path = "{DATA}"', f'  performance_multiplier = "{multiplier}"')
    return "\n".join(('storage "raft" {', *lines, *joins, "}"))


def _join(address: str) -> str:
    return f"""  retry_join {{
    leader_api_addr = {_text(address)}
    leader_ca_cert_file = "{TLS}/ca.crt"
  }}"""


def _text(value: str) -> str:
    # A JSON string is an HCL string, once nothing in it is taken for an interpolation.
    return json.dumps(value).replace("${", "$${")
