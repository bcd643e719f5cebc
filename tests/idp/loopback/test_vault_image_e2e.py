"""The image of Vault in real pods, at the level `restricted` with a read-only root."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp import toolchain
from idp.loopback.cluster import Forward, LocalCluster
from idp.loopback.images import VAULT, VAULT_PLUGINS, plugin_checksums

from .conftest import Api, Running, Tool, pod, started, until
from .vault_api import CONFIGURATION, Vault

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

ADDRESS = "10.96.0.200"
"""Of the Service, so that the way in is known before the cluster is there."""


@pytest.fixture(scope="module")
def vault_tool() -> Tool:
    return toolchain.ensure(print, (*toolchain.CLUSTER, *toolchain.VAULT)).path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, vault_tool: Tool) -> Iterator[Running]:
    begun = Running(tmp_path_factory.mktemp("cluster") / "home", vault_tool)
    begun.cluster = LocalCluster(begun.home, vault_tool, [Forward("vault", f"{ADDRESS}:8200")], images=[VAULT])
    with started(begun):
        yield begun


@pytest.fixture(scope="module")
def namespace(running: Running) -> str:
    return running.api.namespace("vault")


def vault_pod(name: str, *arguments: str, mounts: dict[str, str] | None = None, **volume: Any) -> dict[str, Any]:  # noqa: ANN401
    container = {
        "image": VAULT.name,
        "imagePullPolicy": "Never",
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
        "volumeMounts": [{"name": key, "mountPath": path} for key, path in (mounts or {}).items()],
    }
    volumes = [{"name": key, **volume.get(key, {"emptyDir": {}})} for key in mounts or {}]
    return pod(name, "vault", *arguments, container=container, volumes=volumes)


def log(api: Api, namespace: str, name: str) -> str:
    status, text = api.client.get(f"/api/v1/namespaces/{namespace}/pods/{name}/log")
    assert status == http.client.OK, text
    return text.decode()


@pytest.fixture(scope="module")
def server(running: Running, namespace: str) -> Vault:
    """Return a server on raft storage, unsealed, its root token in hand."""
    text = CONFIGURATION.format(plugins="/plugins", data="/data", address="0.0.0.0:8200")
    running.api.made(
        f"api/v1/namespaces/{namespace}/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "vault"}, "data": {"vault.hcl": text}},
    )
    running.api.made(
        f"api/v1/namespaces/{namespace}/services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "vault"},
            "spec": {"clusterIP": ADDRESS, "selector": {"app": "server"}, "ports": [{"port": 8200}]},
        },
    )
    mounts = {"config": "/config", "data": "/data", "tmp": "/tmp"}  # noqa: S108 (inside the pod)
    manifest = vault_pod("server", "server", "-config=/config", mounts=mounts, config={"configMap": {"name": "vault"}})
    running.api.pod(namespace, manifest)
    made = Vault(running.cluster.status().forwards["vault"])
    until("Vault answers", made.answers, 120)
    made.begin()
    until("Vault is active", lambda: made.call("GET", "sys/health")[0] == http.client.OK, 60)
    return made


def test_the_command_answers(running: Running, namespace: str) -> None:
    running.api.pod(namespace, vault_pod("version", "version"))
    until("end", lambda: running.api.phase(namespace, "version") in ("Succeeded", "Failed"))
    assert log(running.api, namespace, "version").startswith(f"Vault v{VAULT.name.rsplit(':', 1)[-1]},")
    assert running.api.phase(namespace, "version") == "Succeeded"


def test_the_server_keeps_secrets_in_raft_storage(running: Running, namespace: str, server: Vault) -> None:
    server.does("POST", "sys/mounts/kept", {"type": "kv", "options": {"version": "2"}})
    until("kv is upgraded", lambda: server.call("POST", "kept/data/one", {"data": {"it": "kept"}})[0] == http.client.OK)
    assert server.does("GET", "kept/data/one")["data"]["data"] == {"it": "kept"}
    assert server.does("GET", "sys/seal-status")["storage_type"] == "raft"
    found = running.api.get(f"api/v1/namespaces/{namespace}/pods/server")
    assert found is not None
    assert found["status"]["containerStatuses"][0]["restartCount"] == 0
    context = found["spec"]["containers"][0]["securityContext"]
    assert (context["readOnlyRootFilesystem"], context["capabilities"], context["runAsNonRoot"]) == (
        True,
        {"drop": ["ALL"]},
        True,
    )


def test_a_plugin_runs_only_with_the_checksum_of_the_toolchains_binary(server: Vault, vault_tool: Tool) -> None:
    checksums = plugin_checksums(vault_tool)
    assert set(checksums) == set(VAULT_PLUGINS)
    mounts = {"sys/auth/kubernetes": {"type": "kubernetes"}, "sys/mounts/aws": {"type": "aws"}}
    for binary, checksum in checksums.items():
        server.register(binary, f"{int(checksum, 16) ^ 1:064x}")
    for path, body in mounts.items():
        status, answer = server.call("POST", path, body)
        assert (status, "checksums did not match" in str(answer)) == (http.client.BAD_REQUEST, True), answer
    for binary, checksum in checksums.items():
        server.register(binary, checksum)
    for path, body in mounts.items():
        server.does("POST", path, body)
    host = {"kubernetes_host": "https://kubernetes.default.svc", "disable_local_ca_jwt": True}
    server.does("POST", "auth/kubernetes/config", host)
    assert server.does("GET", "auth/kubernetes/config")["data"]["kubernetes_host"] == host["kubernetes_host"]
    server.does("POST", "aws/config/root", {"access_key": "AKIAEXAMPLE", "secret_key": "unused", "region": "eu-west-1"})
    answer = server.does("GET", "aws/config/root")["data"]
    assert answer["access_key"] == "AKIAEXAMPLE"
    assert "unused" not in str(answer)


def test_the_database_engine_reaches_for_the_server_it_is_told(server: Vault, vault_tool: Tool) -> None:
    server.register(
        "vault-plugin-database-postgresql", plugin_checksums(vault_tool)["vault-plugin-database-postgresql"]
    )
    server.does("POST", "sys/mounts/database", {"type": "database"})
    url = "postgresql://{{username}}:{{password}}@127.0.0.1:1/none"
    settings = {"plugin_name": "postgresql-database-plugin", "connection_url": url, "username": "vault"}
    status, answer = server.call("POST", "database/config/none", {**settings, "password": "not-said-again"})
    assert status == http.client.BAD_REQUEST
    assert "connection refused" in str(answer)
    assert "not-said-again" not in str(answer)


def test_a_second_start_imports_nothing_and_a_start_without_it_keeps_it(running: Running, vault_tool: Tool) -> None:
    running.lines.clear()
    running.start()
    LocalCluster(running.home, vault_tool, [Forward("vault", f"{ADDRESS}:8200")]).start(running.lines.append)
    running.start()
    assert [line for line in running.lines if line.startswith("image ")] == []


def test_the_archive_is_not_left_behind(running: Running) -> None:
    left: list[Path] = [path for path in running.layout.images.iterdir() if path.name != "digests.json"]
    assert left == []
