"""What is still configured in a Vault server, for "down leaves nothing"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from idp.loopback.provider.api import ApiError
from idp.loopback.vault.client import Client, Server

_TABLES = (("sys/mounts", ("cubbyhole/", "identity/", "sys/")), ("sys/auth", ("token/",)), ("sys/audit", ()))
"""Paths of tables, and what every server has in them."""
_LISTS = (
    ("sys/policies/acl", ("default", "root")),
    ("sys/quotas/rate-limit", ()),
    ("identity/group/id", ()),
)
"""Paths of lists, likewise."""


def leftovers(address: str, token: str) -> list[str]:
    """Return a line for each mount, audit device, policy, quota, group and external plugin of a server.

    What is inside an engine or an auth method goes with its mount. A development server's own engine `secret/` is a
    mount like any other. Raises ForeignAddressError for an address outside this machine, ApiError if nobody answers.
    """
    client = Client(Server(address), token)
    found = [
        f"{path}: {name}"
        for path, usual in _TABLES
        for name in client.send("", f"GET {path}", {})
        if name.endswith("/") and name not in usual
    ]
    found += [f"{path}: {name}" for path, usual in _LISTS for name in _listed(client, path) if name not in usual]
    return sorted([*found, *_plugins(client)])


def _listed(client: Client, path: str) -> list[str]:
    try:
        keys = client.send("", f"LIST {path}", {}).get("keys")
    except ApiError as error:
        if error.is_gone:
            return []
        raise
    return [str(key) for key in keys] if isinstance(keys, list) else []


def _plugins(client: Client) -> Iterator[str]:
    detailed = client.send("", "GET sys/plugins/catalog", {}).get("detailed")
    for plugin in detailed if isinstance(detailed, list) else []:
        if isinstance(plugin, Mapping) and not plugin.get("builtin"):
            name = f"{plugin.get('type')}/{plugin.get('name')}"
            yield f"sys/plugins/catalog: {name} {plugin.get('version') or ''}".rstrip()
