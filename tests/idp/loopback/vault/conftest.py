"""A real Vault server, the plugin behind real gRPC, and what resources need to stand on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest

from .engine import Engine
from .server import VaultServer


class World:
    """Resources that others refer to, made on first use; and Vault spoken to behind the plugin's back."""

    def __init__(self, engine: Engine, vault: VaultServer) -> None:
        self.engine = engine
        self.vault = vault
        self.count = 0

    def unique(self, prefix: str = "x") -> str:
        self.count += 1
        return f"{prefix}-{self.count}"

    def made(self, token: str, **inputs: Any) -> Any:  # noqa: ANN401
        return self.engine.create(token, inputs, self.unique("made"))

    def mount(self, kind: str, **inputs: Any) -> str:  # noqa: ANN401
        path = self.unique(kind)
        return str(self.made("vault:index/mount:Mount", path=path, type=kind, **inputs).id)

    def auth(self, kind: str) -> str:
        return str(self.made("vault:index/authBackend:AuthBackend", path=self.unique(kind), type=kind).id)

    @cached_property
    def accessors(self) -> list[str]:
        return [self.vault.read(f"sys/auth/{self.auth('approle')}")["data"]["accessor"] for _ in range(2)]

    @cached_property
    def jwt(self) -> list[str]:
        return [self.auth("jwt") for _ in range(2)]

    @cached_property
    def kubernetes(self) -> list[str]:
        return [self.auth("kubernetes") for _ in range(2)]

    @cached_property
    def kv(self) -> list[str]:
        return [self.mount("kv", options={"version": "2"}) for _ in range(2)]

    @cached_property
    def transit(self) -> list[str]:
        return [self.mount("transit") for _ in range(2)]

    @cached_property
    def pki(self) -> list[str]:
        """Two engines with a root each."""
        paths = [self.mount("pki", maxLeaseTtlSeconds=315360000) for _ in range(2)]
        for path in paths:
            self.root(path)
        return paths

    def root(self, backend: str) -> Any:  # noqa: ANN401
        return self.made(ROOT_CERT, backend=backend, type="internal", commonName="Root", keyType="ec", ttl="87600h")

    def request(self, backend: str, **more: Any) -> Any:  # noqa: ANN401
        return self.made(CERT_REQUEST, backend=backend, type="internal", commonName="Inter", keyType="ec", **more)

    def signed(self, backend: str) -> str:
        """Return a certificate for a key of `backend`, signed by a root elsewhere."""
        csr = self.request(backend).outputs["csr"]
        return str(
            self.made(SIGN, backend=self.pki[0], csr=csr, commonName="Inter", ttl="3600h").outputs["certificate"]
        )

    @cached_property
    def database(self) -> list[str]:
        return [self.mount("database") for _ in range(2)]

    @cached_property
    def aws(self) -> list[str]:
        return [self.mount("aws") for _ in range(2)]

    def group(self) -> str:
        return str(self.made("vault:identity/group:Group", type="external").id)

    def entity(self) -> str:
        return str(self.vault.write("identity/entity", name=self.unique("entity"))["data"]["id"])


ROOT_CERT = "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert"
CERT_REQUEST = "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest"
SIGN = "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate"


@pytest.fixture(scope="session")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    server = VaultServer(tmp_path_factory.mktemp("vault"))
    server.start()
    server.register()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def engine(vault: VaultServer) -> Iterator[Engine]:
    started = Engine(vault.address, {"token": vault.token})
    started.configure()
    yield started
    started.server.stop(1).wait()


@pytest.fixture(scope="session")
def world(engine: Engine, vault: VaultServer) -> World:
    return World(engine, vault)
