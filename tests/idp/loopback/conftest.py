"""A cluster for the tests of this folder, and a small way to use it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from idp.loopback.cluster import LocalCluster, Status
from idp.loopback.cluster.api import Client, Unreachable
from idp.loopback.cluster.layout import Layout

Manifest = dict[str, Any]
Tool = Callable[[str], Path]
T = TypeVar("T")

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def until(what: str, check: Callable[[], T], seconds: float = 60) -> T:
    """Return the first true answer of `check`, or fail the test."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = check()
        except Unreachable:
            answer = None
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)


def text_below(folder: Path) -> str:
    """Return the content of all files below a folder, bytes as characters."""
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


class Api:
    """Creates and asks for objects of one cluster."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @property
    def client(self) -> Client:
        """A client for the port of the moment: a restart may have chosen another."""
        return Client(self.layout, json.loads(self.layout.ports.read_text())["api"], timeout=15)

    def create(self, collection: str, manifest: Manifest) -> tuple[int, str]:
        status, body = self.client.request("POST", f"/{collection}", manifest)
        return status, body.decode()

    def made(self, collection: str, manifest: Manifest) -> Manifest:
        status, body = self.create(collection, manifest)
        assert status == http.client.CREATED, body
        content: Manifest = json.loads(body)
        return content

    def get(self, path: str) -> Manifest | None:
        return self.client.read(f"/{path}")

    def delete(self, path: str) -> None:
        status, body = self.client.request("DELETE", f"/{path}?gracePeriodSeconds=1")
        assert status in (http.client.OK, http.client.ACCEPTED), body

    def namespace(self, name: str) -> str:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.made(
            "api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        )
        until(f"service account of {name}", lambda: self.get(f"api/v1/namespaces/{name}/serviceaccounts/default"))
        return name

    def pod(self, namespace: str, manifest: Manifest) -> Manifest:
        return self.made(f"api/v1/namespaces/{namespace}/pods", manifest)

    def phase(self, namespace: str, name: str) -> str:
        content = self.get(f"api/v1/namespaces/{namespace}/pods/{name}")
        return "" if content is None else content["status"]["phase"]

    def address(self, namespace: str, name: str) -> str | None:
        content = self.get(f"api/v1/namespaces/{namespace}/pods/{name}") or {"status": {}}
        found: str | None = content["status"].get("podIP")
        return found

    def is_ready(self, namespace: str, name: str) -> bool:
        content = self.get(f"api/v1/namespaces/{namespace}/pods/{name}") or {"status": {}}
        conditions = content["status"].get("conditions", [])
        return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)

    def run(self, namespace: str, name: str, *arguments: str, **more: Any) -> tuple[bool, str]:  # noqa: ANN401
        """Run `probe ARGUMENTS` in a pod to its end; return whether it worked and what it printed."""
        self.pod(namespace, pod(name, "probe", *arguments, **more))
        phase = until(
            f"end of pod {name}", lambda: {"Succeeded": "yes", "Failed": "no"}.get(self.phase(namespace, name))
        )
        status, log = self.client.get(f"/api/v1/namespaces/{namespace}/pods/{name}/log")
        assert status == http.client.OK, log
        return phase == "yes", log.decode().strip()


def pod(
    name: str,
    image: str,
    *arguments: str,
    labels: dict[str, str] | None = None,
    container: Manifest | None = None,
    **spec: Any,  # noqa: ANN401
) -> Manifest:
    """Return a pod that satisfies the restricted Pod Security level."""
    main = {
        "name": "main",
        "image": f"idp.local/{image}:1",
        "args": list(arguments),
        "securityContext": RESTRICTED,
        "resources": {"limits": {"cpu": "200m", "memory": "32Mi"}},
        **(container or {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name, **(labels or {})}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containers": [main],
            **spec,
        },
    }


@pytest.fixture(scope="session")
def tool() -> Tool:
    from idp import toolchain

    return toolchain.ensure(print, toolchain.CLUSTER).path


class Running:
    """A started cluster with what its start said and took."""

    def __init__(self, home: Path, tool: Tool) -> None:
        self.home = home
        self.tool = tool
        self.layout = Layout.of(home)
        self.cluster = LocalCluster(home, tool)
        self.api = Api(self.layout)
        self.lines: list[str] = []
        self.seconds = 0.0

    def start(self) -> Status:
        begin = time.monotonic()
        status = self.cluster.start(self.lines.append)
        self.seconds = time.monotonic() - begin
        return status


@contextmanager
def started(begun: Running) -> Iterator[Running]:
    """Start a cluster for the time of the block; nothing of it is left afterwards."""
    try:
        begun.start()
        yield begun
    finally:
        begun.cluster.stop(print, purge=True)
        assert begun.cluster.leftovers() == []


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, tool: Tool) -> Iterator[Running]:
    with started(Running(tmp_path_factory.mktemp("cluster") / "home", tool)) as begun:
        yield begun
