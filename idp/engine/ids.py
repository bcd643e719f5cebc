"""Ids that are known before a creation has ended, from its inputs alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Inputs = Mapping[str, Any]

VAULT = {
    "vault:aws/secretBackend:SecretBackend": "{path}",
    "vault:aws/secretBackendRole:SecretBackendRole": "{backend}/roles/{name}",
    "vault:index/audit:Audit": "{path}",
    "vault:index/authBackend:AuthBackend": "{path}",
    "vault:index/mount:Mount": "{path}",
    "vault:index/policy:Policy": "{name}",
    "vault:index/quotaRateLimit:QuotaRateLimit": "{name}",
    "vault:jwt/authBackend:AuthBackend": "{path}",
    "vault:jwt/authBackendRole:AuthBackendRole": "auth/{backend}/role/{roleName}",
    "vault:kubernetes/authBackendRole:AuthBackendRole": "auth/{backend}/role/{roleName}",
    "vault:pkiSecret/secretBackendRole:SecretBackendRole": "{backend}/roles/{name}",
    "vault:transit/secretBackendKey:SecretBackendKey": "{backend}/keys/{name}",
}
"""Type to id, in terms of the inputs. Vault mounts nothing twice at one path: what a crash left there must be known."""


def known(kind: str, inputs: Inputs) -> str | None:
    """Return the id that a resource of type `kind` has once it is there; None where only its creation tells."""
    if kind.startswith("kubernetes:"):
        return _object(inputs)
    template = VAULT.get(kind)
    if template is None:
        return None
    named = {name: value for name, value in inputs.items() if isinstance(value, str)}
    try:
        return template.format_map(named)
    except KeyError:
        return None


def _object(inputs: Inputs) -> str | None:
    """Return the id that the Kubernetes provider gives an object: `NAMESPACE/NAME` or `NAME`."""
    metadata = inputs.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        return None
    namespace, name = metadata.get("namespace"), str(metadata["name"])
    return f"{namespace}/{name}" if namespace else name
