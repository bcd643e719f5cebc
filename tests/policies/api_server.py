"""A real API server with its etcd and nothing behind it: what admission says, without a cluster."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

Manifest = dict[str, Any]
T = TypeVar("T")
HOST = "127.0.0.1"
READY_SECONDS = 120.0
"""Hang timeout: a quiet machine takes five."""


@dataclass(frozen=True)
class Answer:
    """What the server said to one request."""

    status: int
    body: Manifest
    warnings: tuple[str, ...]

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


@dataclass
class ApiServer:
    """A client with one connection that stays open."""

    port: int
    certificate: Path
    token: str = field(repr=False)
    _connection: http.client.HTTPSConnection | None = None

    def __call__(self, method: str, path: str, content: Manifest | None = None) -> Answer:
        if self._connection is None:
            context = ssl.create_default_context(cafile=str(self.certificate))
            context.check_hostname = False  # the server signed its own, for a name
            self._connection = http.client.HTTPSConnection(HOST, self.port, timeout=60, context=context)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self._connection.request(method, path, None if content is None else json.dumps(content), headers)
        response = self._connection.getresponse()
        body = json.loads(response.read() or b"{}")
        return Answer(response.status, body, tuple(response.headers.get_all("Warning") or ()))

    def create(self, path: str, content: Manifest) -> Manifest:
        made = self("POST", path, content)
        assert made.status == http.client.CREATED, made
        return made.body


def until(what: str, check: Callable[[], T], seconds: float = READY_SECONDS) -> T:
    """Return the first true answer of `check`, or fail the test."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)
    return answer


@contextmanager
def started(home: Path, tool: Callable[[str], Path], gates: str) -> Iterator[ApiServer]:
    """Run both, and the controller that checks the types of admission policies, for as long as the block."""
    etcd, peer, port = _ports(3)
    token = secrets.token_urlsafe(24)
    _write(home / "tokens.csv", f'{token},admin,admin,"system:masters"\n')
    _write(home / "accounts.pem", _key())
    store = (
        f"--data-dir={home / 'etcd'}",
        f"--listen-client-urls=http://{HOST}:{etcd}",
        f"--advertise-client-urls=http://{HOST}:{etcd}",
        f"--listen-peer-urls=http://{HOST}:{peer}",
        f"--initial-advertise-peer-urls=http://{HOST}:{peer}",
        f"--initial-cluster=default=http://{HOST}:{peer}",
        "--unsafe-no-fsync",
    )
    server = (
        f"--etcd-servers=http://{HOST}:{etcd}",
        f"--bind-address={HOST}",
        f"--advertise-address={HOST}",
        f"--secure-port={port}",
        f"--cert-dir={home}",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/24",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={home / 'accounts.pem'}",
        f"--service-account-signing-key-file={home / 'accounts.pem'}",
        f"--token-auth-file={home / 'tokens.csv'}",
        "--authorization-mode=AlwaysAllow",
        # Nobody makes the accounts that it would want.
        "--disable-admission-plugins=ServiceAccount",
        # So that the policies, not the server's own validation, judge privileged containers.
        "--allow-privileged=true",
        f"--feature-gates={gates}",
        "--profiling=false",
    )
    with ExitStack() as stack:
        stack.enter_context(_process(home, tool("etcd"), store))
        stack.enter_context(_process(home, tool("kube-apiserver"), server))
        api = ApiServer(port, home / "apiserver.crt", token)
        until("API server", lambda: _ready(api))
        _write(home / "kubeconfig", json.dumps(_kubeconfig(api)))
        manager = (
            f"--kubeconfig={home / 'kubeconfig'}",
            "--controllers=validatingadmissionpolicy-status-controller",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
        )
        stack.enter_context(_process(home, tool("kube-controller-manager"), manager))
        yield api


@contextmanager
def _process(home: Path, binary: Path, arguments: tuple[str, ...]) -> Iterator[None]:
    with (home / f"{binary.name}.log").open("wb") as log:
        process = subprocess.Popen([binary, *arguments], stdout=log, stderr=log, cwd=home)
        try:
            yield
            assert process.poll() is None, f"{binary.name} ended: {log.name}"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


def _ready(api: ApiServer) -> bool:
    try:
        context = ssl.create_default_context(cafile=str(api.certificate))
        context.check_hostname = False
        connection = http.client.HTTPSConnection(HOST, api.port, timeout=5, context=context)
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {api.token}"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def _ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(number)]
        return [one.getsockname()[1] for one in sockets]


def _key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def _kubeconfig(api: ApiServer) -> Manifest:
    cluster = {"server": f"https://{HOST}:{api.port}", "certificate-authority": str(api.certificate)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {**cluster, "tls-server-name": "kubernetes"}}],
        "users": [{"name": "test", "user": {"token": api.token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
