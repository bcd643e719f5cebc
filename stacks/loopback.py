"""What stacks know of the loopback cluster, which `idp` runs; pure data, importable without Pulumi."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from environments import Environment

FOLDER = Path(__file__).resolve().parent.parent / ".idp"
"""Where `idp` writes down what it made on this machine."""

KUBECONFIG = FOLDER / "local" / "kubeconfig"

API_SERVER = ("10.100.0.1/32", 6443)
"""Network and port of the API server, as pods see it (idp/loopback/cluster/network.py)."""

VAULT_IP = "10.96.0.200"
"""Address of the Service of Vault's active server: fixed, so that the way in is known before the Service is there."""

VAULT_PLUGIN_FOLDER = "/plugins"
"""Where the loopback image has Vault's external plugins."""

VAULT_PLUGINS = FOLDER / "local" / "vault-plugins.json"
"""File in that folder -> SHA-256, 64 hex digits, as `idp` built it."""


def used_by(environment: Environment) -> bool:
    """Return whether the environment lives on the loopback cluster."""
    return environment.is_local() and environment.cluster.kubeconfig is None


def vault_checksums() -> Mapping[str, str]:
    """Return each external plugin of Vault with its checksum; raises OSError, ValueError where `idp` wrote none."""
    found: Mapping[str, str] = json.loads(VAULT_PLUGINS.read_text())
    return found


def vault_record(environment: str) -> Path:
    """Return the file in which `idp` says where the environment's own Vault answers: `address`, `ca_file`."""
    return FOLDER / "vault" / f"{environment}.json"
