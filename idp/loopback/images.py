"""Images of what runs in the local cluster only where an environment asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from idp.loopback.cluster.images import Contents

VAULT_PLUGINS = ("vault-plugin-auth-kubernetes", "vault-plugin-database-postgresql", "vault-plugin-secrets-aws")
"""What the minimal build of Vault does not contain: tools, and files in the image's folder `/plugins`."""

VAULT = Contents("idp.local/vault:1.21.0", {f"plugins/{name}": name for name in VAULT_PLUGINS})
"""The server at /vault; its configuration names `plugin_directory = "/plugins"`."""

VAULT_BOOTSTRAP = Contents("idp.local/vault-bootstrap:1")
"""Certificates, initialisation, snapshots: what is done to Vault from inside the cluster."""


def plugin_checksums(tool: Callable[[str], Path]) -> dict[str, str]:
    """Return Vault plugin to SHA-256 of its binary, 64 hex digits: Vault runs a plugin only if registered with it.

    `tool` gives the path of a binary, as `Toolchain.path` does; the keys are file names in /plugins.
    """
    return {name: _sha256(tool(name)) for name in VAULT_PLUGINS}


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
