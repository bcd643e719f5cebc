"""A few words of Vault's HTTP API, for tests of the real server."""

from __future__ import annotations

import http.client
import json
from typing import Any

from idp.loopback.images import VAULT_PLUGINS

CONFIGURATION = """
disable_mlock = true
plugin_directory = "{plugins}"
api_addr = "http://127.0.0.1:8200"
cluster_addr = "https://127.0.0.1:8201"
listener "tcp" {{
  address = "{address}"
  tls_disable = true
}}
storage "raft" {{
  path = "{data}"
  node_id = "one"
}}
"""

REGISTERED = {
    "vault-plugin-auth-kubernetes": ("auth", "kubernetes"),
    "vault-plugin-database-postgresql": ("database", "postgresql-database-plugin"),
    "vault-plugin-secrets-aws": ("secret", "aws"),
}
"""Binary to type and name in Vault's catalogue, as docs/toolchain.md has them."""

assert set(REGISTERED) == set(VAULT_PLUGINS)


class Vault:
    """The server at a port of 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.token = ""

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Return status and answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, f"/v1/{path}", json.dumps(body or {}), {"X-Vault-Token": self.token})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
        finally:
            connection.close()

    def answers(self) -> bool:
        """Return whether the server answers at all, sealed or not."""
        try:
            return self.call("GET", "sys/seal-status")[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def does(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer to what must be allowed."""
        status, answer = self.call(method, path, body)
        assert status in (http.client.OK, http.client.NO_CONTENT), (path, status, answer)
        return answer

    def begin(self) -> None:
        """Initialise and unseal the server, and log in with its root token."""
        keys = self.does("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        assert not self.does("PUT", "sys/unseal", {"key": keys["keys_base64"][0]})["sealed"]
        self.token = keys["root_token"]

    def register(self, binary: str, checksum: str) -> None:
        """Put a plugin into the catalogue."""
        kind, name = REGISTERED[binary]
        self.does("PUT", f"sys/plugins/catalog/{kind}/{name}", {"sha256": checksum, "command": binary})
