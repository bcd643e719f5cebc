"""A real Vault server in this machine's memory, for tests."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hvac.adapters
import pytest
import requests

from idp import toolchain

PLUGINS = {
    "vault-plugin-auth-kubernetes": ("auth", "kubernetes"),
    "vault-plugin-database-postgresql": ("database", "postgresql-database-plugin"),
    "vault-plugin-secrets-aws": ("secret", "aws"),
}
"""Binary to type and name in Vault's catalogue."""
_START_SECONDS = 60


def binaries() -> dict[str, Path]:
    """Return the server and its external plugins; without them in the toolchain's table, the test is skipped."""
    group = getattr(toolchain, "VAULT", None)
    if group is None:
        pytest.skip("the toolchain has no vault")
    tools = toolchain.ensure(print, group)
    return {name: tools.path(name) for name in ("vault", *PLUGINS)}


@dataclass
class VaultServer:
    """`vault server -dev` with external plugins; root's token is its secret."""

    folder: Path
    token: str = field(default_factory=lambda: f"root-{secrets.token_hex(16)}", repr=False)

    def start(self) -> None:
        found = binaries()
        plugins = self.folder / "plugins"
        plugins.mkdir()
        for name in PLUGINS:
            # Vault follows no link out of this folder.
            shutil.copy(found[name], plugins / name)
        (self.folder / "vault.hcl").write_text(f'plugin_directory = "{plugins}"\n')
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [found["vault"], "server", "-dev", "-dev-no-store-token", f"-config={self.folder / 'vault.hcl'}"]
        environment = {
            "HOME": str(self.folder),
            "PATH": os.defpath,
            "VAULT_DEV_ROOT_TOKEN_ID": self.token,
            "VAULT_DEV_LISTEN_ADDRESS": f"127.0.0.1:{self.port}",
        }
        self.log = self.folder / "vault.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.folder)
        self._await()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def adapter(self, token: str | None = None) -> hvac.adapters.JSONAdapter:
        """Return hvac, spoken to behind the plugin's back."""
        session = requests.Session()
        session.trust_env = False
        return hvac.adapters.JSONAdapter(self.address, token=token or self.token, session=session)

    def read(self, path: str) -> dict[str, Any]:
        content: dict[str, Any] = self.adapter().get(f"/v1/{path}")
        return content

    def write(self, path: str, /, **body: Any) -> Any:  # noqa: ANN401
        return self.adapter().post(f"/v1/{path}", json=body)

    def delete(self, path: str) -> None:
        self.adapter().delete(f"/v1/{path}")

    def sha256(self, plugin: str) -> str:
        return hashlib.sha256((self.folder / "plugins" / plugin).read_bytes()).hexdigest()

    def register(self) -> None:
        """Put the external plugins into the catalogue."""
        for binary, (kind, name) in PLUGINS.items():
            self.write(f"sys/plugins/catalog/{kind}/{name}", sha256=self.sha256(binary), command=binary)

    def _await(self) -> None:
        for _ in range(_START_SECONDS * 10):
            if self.process.poll() is not None:
                raise AssertionError(self.log.read_text())
            try:
                if self.read("sys/health")["sealed"] is False:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())
