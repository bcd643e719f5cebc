"""A real Vault server on raft storage with TLS, bootstrapped as the platform's is: with the deploy role alone."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from components.vault import paths, policies
from components.vault.gitlab_claims import DeployingProject, deploy_role
from idp import toolchain

from .neighbours import Neighbours
from .signing import certificate

PLUGINS = {
    "vault-plugin-auth-kubernetes": ("auth", "kubernetes"),
    "vault-plugin-database-postgresql": ("database", "postgresql-database-plugin"),
    "vault-plugin-secrets-aws": ("secret", "aws"),
}
DEPLOYING = "deploy"
"""Mount of the login that is there before the layer."""

CONFIGURATION = """
disable_mlock = true
plugin_directory = "{folder}/plugins"
api_addr = "https://127.0.0.1:{port}"
cluster_addr = "https://127.0.0.1:{inner}"
listener "tcp" {{
  address = "127.0.0.1:{port}"
  cluster_address = "127.0.0.1:{inner}"
  tls_cert_file = "{certificate}"
  tls_key_file = "{key}"
}}
storage "raft" {{
  path = "{folder}/data"
  node_id = "one"
}}
"""
_START_SECONDS = 60


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@dataclass
class Answer:
    """What Vault says."""

    status: int
    content: dict[str, Any] = field(repr=False)

    @property
    def data(self) -> dict[str, Any]:
        assert self.status in (200, 204), self.content.get("errors")
        return self.content.get("data") or {}


class VaultServer:
    """The process, and its HTTP API spoken to plainly."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate, self.key = certificate(folder)
        self.neighbours = Neighbours((self.certificate, self.key))
        self.root = ""
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(self.certificate)

    def start(self) -> None:
        tools = toolchain.ensure(print, toolchain.VAULT)
        for name in ("plugins", "data"):
            (self.folder / name).mkdir()
        for name in PLUGINS:
            # Vault follows no link out of this folder.
            shutil.copy(tools.path(name), self.folder / "plugins" / name)
        self.port, inner = _free_ports()
        text = CONFIGURATION.format(
            folder=self.folder, port=self.port, inner=inner, certificate=self.certificate, key=self.key
        )
        (self.folder / "vault.hcl").write_text(text)
        self.log = self.folder / "vault.log"
        command = [tools.path("vault"), "server", f"-config={self.folder / 'vault.hcl'}"]
        environment = {"HOME": str(self.folder), "PATH": os.defpath}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.folder)
        self._await(lambda: self.call("GET", "sys/seal-status").status == 200)
        keys = self.call("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1}).content
        self.call("PUT", "sys/unseal", {"key": keys["keys_base64"][0]})
        self.root = keys["root_token"]
        self._await(lambda: self.call("GET", "sys/health").status == 200)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.neighbours.stop()

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Answer:  # noqa: ANN401
        headers = {"X-Vault-Token": token} if token else {}
        response = self._session.request(method, f"{self.address}/v1/{path}", json=body, headers=headers, timeout=60)
        return Answer(response.status_code, response.json() if response.content else {})

    def does(self, method: str, path: str, body: Any = None) -> dict[str, Any]:  # noqa: ANN401
        """Return what root gets."""
        return self.call(method, path, body, self.root).data

    def bootstrap(self, project: DeployingProject, audience: str, issuer: str) -> None:
        """Do what is done once before the layer: plugins, and the login and policy of the deploy role."""
        for binary, (kind, name) in PLUGINS.items():
            checksum = hashlib.sha256((self.folder / "plugins" / binary).read_bytes()).hexdigest()
            self.does("PUT", f"sys/plugins/catalog/{kind}/{name}", {"sha256": checksum, "command": binary})
        self.does("PUT", f"sys/policies/acl/{paths.DEPLOY}", {"policy": policies.document(policies.deploy())})
        self.does("POST", f"sys/auth/{DEPLOYING}", {"type": "jwt"})
        keys = {"jwks_url": f"{self.neighbours.issuer}/gitlab/keys", "bound_issuer": issuer}
        self.does("POST", f"auth/{DEPLOYING}/config", keys)
        self.does("POST", f"auth/{DEPLOYING}/role/{paths.DEPLOY}", deploy_role(project, audience))

    def login(self, mount: str, role: str, jwt: str) -> Answer:
        return self.call("POST", f"auth/{mount}/login", {"role": role, "jwt": jwt})

    def _await(self, ready: Any) -> None:  # noqa: ANN401
        for _ in range(_START_SECONDS * 10):
            assert self.process.poll() is None, self.log.read_text()
            try:
                if ready():
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())
