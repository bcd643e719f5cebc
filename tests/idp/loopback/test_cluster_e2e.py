"""The real cluster: what it runs, what it refuses, what survives."""

from __future__ import annotations

import http.client
import ipaddress
import json
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from idp.errors import Exit, IdpError
from idp.loopback.cluster import Forward, LocalCluster, cgroups, components, members

from .conftest import Running, Tool, pod, text_below, until

DNS_QUERY = (
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    b"\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01"
)
"""RFC 1035: a recursive question for the A record of the API server's Service."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def host_state() -> dict[str, Any]:
    """Return what a cluster could leave on (or do to) the host."""
    saver = shutil.which("iptables-save")
    assert saver
    rules = subprocess.run([saver], capture_output=True, text=True, check=True).stdout
    return {
        "links": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "routes": Path("/proc/net/route").read_text(),
        "rules": [line for line in rules.splitlines() if not line.startswith("#")],
        "forwarding": Path("/proc/sys/net/ipv4/ip_forward").read_text(),
        "folders": [Path(name).exists() for name in ("/var/lib/kubelet", "/var/log/pods", "/var/log/containers")],
    }


def dns_over_tcp(connection: socket.socket) -> bool:
    """Return whether a DNS server answers with the API server's Service address."""
    connection.sendall(len(DNS_QUERY).to_bytes(2, "big") + DNS_QUERY)
    return ipaddress.ip_address("10.96.0.1").packed in connection.recv(4096)


@pytest.fixture(scope="module")
def host_before() -> dict[str, Any]:
    return host_state()


@pytest.fixture
def team(running: Running, request: pytest.FixtureRequest) -> str:
    """Return a namespace of the test's own, with Pod Security level restricted."""
    return running.api.namespace(request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-"))


def test_starts_from_nothing_and_again_at_once(host_before: dict[str, Any], running: Running) -> None:
    assert host_before["links"]
    first = running.seconds
    status = running.cluster.status()
    assert status.ready, status.waiting_for
    assert first < 30
    pids = {part.name: part.pid for part in status.components}
    again = running.start()
    assert running.seconds < 2
    assert {part.name: part.pid for part in again.components} == pids
    assert (again.server, again.identity) == (status.server, status.identity)
    json.dumps(status.as_json())


def test_node_is_ready_and_on_the_clusters_own_address(running: Running) -> None:
    node = running.api.get("api/v1/nodes/idp-local")
    assert node is not None
    conditions = {item["type"]: item["status"] for item in node["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    assert {item["address"] for item in node["status"]["addresses"] if item["type"] == "InternalIP"} == {"10.100.0.1"}


def test_restricted_pod_serves_behind_a_service_found_by_name(running: Running, team: str) -> None:
    probe = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1}
    from_image = {"readinessProbe": probe}
    running.api.pod(team, pod("hello", "sample", container=from_image))
    service = {"selector": {"app": "hello"}, "ports": [{"port": 80, "targetPort": 8080}]}
    running.api.made(
        f"api/v1/namespaces/{team}/services",
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hello"}, "spec": service},
    )
    until("hello ready", lambda: running.api.is_ready(team, "hello"))
    worked, line = running.api.run(team, "resolve", "resolve", f"hello.{team}.svc.cluster.local")
    assert worked, line
    assert ipaddress.ip_address(line) in ipaddress.ip_network("10.96.0.0/16")
    assert running.api.run(team, "get", "get", "http://hello/", "--timeout=10s") == (True, "200 hello from hello")
    assert running.api.run(team, "outside", "resolve", "example.com")[0] is False
    status, log = running.api.client.get(f"/api/v1/namespaces/{team}/pods/hello/log")
    assert status == http.client.OK
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["status"] for line in lines if (line["method"], line["path"]) == ("GET", "/")] == [200]


def test_volume_keeps_data_over_pods_and_goes_with_its_claim(running: Running, team: str) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    running.api.made(
        f"api/v1/namespaces/{team}/persistentvolumeclaims",
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": claim},
    )
    mounted: dict[str, Any] = {
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
    }
    assert running.api.run(team, "write", "write", "/data/file", "kept", **mounted) == (True, "written")
    running.api.delete(f"api/v1/namespaces/{team}/pods/write")
    grouped = {**mounted, "securityContext": {"runAsUser": 1234, "fsGroup": 65532}}
    assert running.api.run(team, "read", "read", "/data/file", **mounted) == (True, "kept")
    assert running.api.run(team, "other-user", "write", "/data/other", "too", **grouped)[0]
    folders = list((running.home / "volumes").iterdir())
    assert len(folders) == 1
    for name in ("read", "other-user"):
        running.api.delete(f"api/v1/namespaces/{team}/pods/{name}")
    running.api.delete(f"api/v1/namespaces/{team}/persistentvolumeclaims/data")
    until("folder removed", lambda: not folders[0].exists())
    volume = f"api/v1/persistentvolumes/{folders[0].name}"
    until("volume removed", lambda: running.api.get(volume) is None)


def test_claim_that_a_folder_cannot_be_says_so(running: Running, team: str) -> None:
    claim = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Mi"}}}
    running.api.made(
        f"api/v1/namespaces/{team}/persistentvolumeclaims",
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "shared"}, "spec": claim},
    )
    volumes = [{"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}}]
    running.api.pod(team, pod("waits", "probe", "sleep", volumes=volumes))

    def messages() -> list[str]:
        found = running.api.get(f"api/v1/namespaces/{team}/events") or {"items": []}
        return [item["message"] for item in found["items"] if item["reason"] == "ProvisioningFailed"]

    assert "accessMode ReadWriteMany is not supported" in until("event", messages)[0]


def test_default_deny_cuts_what_was_let_through(running: Running, team: str) -> None:
    running.api.pod(team, pod("server", "probe", "serve"))
    address = until("address", lambda: running.api.address(team, "server"))
    other = running.api.namespace("default-deny-client")
    target = f"{address}:9000"
    assert running.api.run(other, "before", "dial", target, "--timeout=10s")[0]
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    collection = f"apis/networking.k8s.io/v1/namespaces/{team}/networkpolicies"
    running.api.made(collection, policy)
    attempts = iter(range(20))

    def cut() -> bool:
        return not running.api.run(other, f"after-{next(attempts)}", "dial", target, "--timeout=2s")[0]

    until("cut", cut)
    assert not running.api.run(other, "still", "dial", target, "--timeout=2s")[0]
    running.api.delete(f"{collection}/default-deny")
    assert running.api.run(other, "again", "dial", target, "--timeout=20s")[0]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("privileged", {"securityContext": {"privileged": True}}),
        ("root", {"securityContext": {"runAsUser": 0}}),
        ("escalation", {"securityContext": {"allowPrivilegeEscalation": True}}),
    ],
)
def test_pod_security_refuses(running: Running, name: str, change: dict[str, Any]) -> None:
    namespace = f"refuses-{name}"
    running.api.namespace(namespace)
    status, body = running.api.create(f"api/v1/namespaces/{namespace}/pods", pod(name, "probe", container=change))
    assert status in (http.client.FORBIDDEN, http.client.UNPROCESSABLE_ENTITY), body


def test_nothing_privileged_even_without_labels(running: Running) -> None:
    for spec in ({"hostNetwork": True}, {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}):
        status, body = running.api.create("api/v1/namespaces/default/pods", pod("bad", "probe", **spec))
        assert status == http.client.FORBIDDEN, body
        assert "baseline" in body


def test_admission_policy_is_enforced(running: Running, team: str) -> None:
    group = "apis/admissionregistration.k8s.io/v1"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    running.api.made(
        f"{group}/validatingadmissionpolicies",
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "no-forbidden"},
            "spec": {
                "matchConstraints": {"resourceRules": [rule]},
                "validations": [{"expression": "object.metadata.name != 'forbidden'", "message": "not this one"}],
            },
        },
    )
    running.api.made(
        f"{group}/validatingadmissionpolicybindings",
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "no-forbidden"},
            "spec": {"policyName": "no-forbidden", "validationActions": ["Deny"]},
        },
    )
    collection = f"api/v1/namespaces/{team}/configmaps"

    def refused() -> bool:
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "forbidden"}}
        status, body = running.api.create(collection, manifest)
        if status == http.client.CREATED:
            running.api.delete(f"{collection}/forbidden")
        return status == http.client.UNPROCESSABLE_ENTITY and "not this one" in body

    until("refused", refused)
    assert running.api.made(collection, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fine"}})


def test_secret_is_neither_in_the_audit_log_nor_readable_at_rest(running: Running, team: str) -> None:
    value = "correct-horse-battery-staple"
    collection = f"api/v1/namespaces/{team}/secrets"
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password"}, "stringData": {"it": value}}
    encoded = running.api.made(collection, manifest)["data"]["it"]
    running.api.get(f"{collection}/password")
    until("audited", lambda: '"name":"password"' in text_below(running.home / "audit"))
    audit = text_below(running.home / "audit")
    for folder, content in (("audit", audit), ("etcd", text_below(running.home / "etcd"))):
        assert value not in content, folder
        assert encoded not in content, folder
    # The same search finds what is not encrypted, so it can fail.
    assert "kube-root-ca.crt" in text_below(running.home / "etcd")


def test_nobody_gets_in_without_a_certificate(running: Running) -> None:
    server = running.cluster.status().server
    assert server
    context = ssl.create_default_context(cafile=str(running.layout.pki / "ca.crt"))
    for path in ("/api", "/healthz", "/version"):
        connection = http.client.HTTPSConnection(server.removeprefix("https://"), context=context, timeout=5)
        connection.request("GET", path)
        assert connection.getresponse().status == http.client.UNAUTHORIZED
        connection.close()


def test_credentials_are_private(running: Running) -> None:
    private = [running.layout.kubeconfig, *running.layout.pki.iterdir(), running.layout.config / "encryption.yaml"]
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in private if path.stat().st_mode & 0o077} == {}
    lines = [" ".join(member.process.cmdline()) for member in members.find(running.layout)]
    assert not [line for line in lines if "PRIVATE KEY" in line or "secret" in line.lower()]


def test_only_the_forwarder_listens_on_the_host_and_only_on_loopback(
    running: Running, host_before: dict[str, Any]
) -> None:
    ours = {member.process.pid for member in members.find(running.layout)}
    sockets = [item for item in psutil.net_connections("inet") if item.status == psutil.CONN_LISTEN]
    listening = {tuple(item.laddr) for item in sockets if item.pid in ours}
    status = running.cluster.status()
    assert listening == {("127.0.0.1", port) for port in status.forwards.values()}
    assert host_state() == host_before


@pytest.mark.parametrize("name", ["namespace", "forward", *components.NAMES])
def test_converges_after_any_component_was_killed(running: Running, name: str) -> None:
    before = running.cluster.status()
    pid = next(part.pid for part in before.components if part.name == name)
    assert pid is not None
    psutil.Process(pid).kill()
    until(f"{name} gone", lambda: not next(p for p in running.cluster.status().components if p.name == name).running)
    after = running.start()
    assert after.ready, after.waiting_for
    assert (after.server, after.identity) == (before.server, before.identity)
    survivors = {part.name for part in before.components if part in after.components}
    everything = {part.name for part in before.components}
    ended = {"namespace": everything, components.API_SERVER: {name, *components.CLIENTS}}.get(name, {name})
    assert survivors == everything - ended


def test_converges_after_everything_was_killed_at_once(running: Running) -> None:
    for member in members.find(running.layout):
        member.process.kill()
    assert running.start().ready
    assert running.api.get("api/v1/namespaces/default-deny-client") is not None


def runs(process: psutil.Process) -> bool:
    """Tell by id and start (ids come round again); who has ended and waits for init to notice does not run."""
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_stop_leaves_nothing_and_start_brings_all_back(running: Running, host_before: dict[str, Any]) -> None:
    namespace = running.api.namespace("survives")
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept"}, "stringData": {"it": "kept"}}
    running.api.made(f"api/v1/namespaces/{namespace}/secrets", manifest)
    before = running.cluster.status()
    processes = [member.process for member in members.find(running.layout)]
    assert processes
    running.cluster.stop(print)
    assert running.cluster.leftovers() == []
    assert not [process for process in processes if runs(process)]
    assert not cgroups.roots(running.layout.identifier)
    assert not [
        line for line in Path("/proc/self/mounts").read_text().splitlines() if running.layout.identifier in line
    ]
    assert host_state() == host_before
    stopped = running.cluster.status()
    assert not stopped.ready
    assert not any(part.running for part in stopped.components)
    after = running.start()
    assert (after.server, after.identity, after.ready) == (before.server, before.identity, True)
    assert running.api.get(f"api/v1/namespaces/{namespace}/secrets/kept") is not None


def test_taken_port_is_replaced_or_named(running: Running) -> None:
    running.cluster.stop(print)
    old = json.loads(running.layout.ports.read_text())["api"]
    with socket.create_server(("127.0.0.1", old)):
        with pytest.raises(IdpError, match=f"port {old} ") as refused:
            LocalCluster(running.home, running.tool, api_port=old).start(print)
        assert refused.value.code is Exit.MISSING
        assert running.cluster.leftovers() == []
        status = running.start()
        assert status.ready
        assert status.forwards["api"] != old


def test_a_second_cluster_does_not_collide(running: Running, tool: Tool, tmp_path: Path) -> None:
    other = LocalCluster(tmp_path / "other", tool, [Forward("dns", "10.96.0.10:53")])
    try:
        status = other.start(print)
        assert status.ready
        assert set(status.forwards) == {"api", "dns"}
        assert status.identity != running.cluster.status().identity
        # DNS over TCP: what is forwarded later (a gateway) is reached in the same way.
        with socket.create_connection(("127.0.0.1", status.forwards["dns"]), timeout=5) as connection:
            assert dns_over_tcp(connection)
        assert running.cluster.status().ready
    finally:
        other.stop(print, purge=True)
    assert other.leftovers() == []
    assert not (tmp_path / "other").exists()
    assert running.cluster.status().ready


def test_start_killed_at_random_points_converges(running: Running) -> None:
    running.cluster.stop(print, purge=True)
    chance = random.Random(20261123)  # noqa: S311 (the same points in each run)
    program = textwrap.dedent(f"""
        from pathlib import Path
        from idp import toolchain
        from idp.loopback.cluster import LocalCluster
        path = toolchain.ensure(print, toolchain.CLUSTER).path
        print("ready to start", flush=True)
        LocalCluster(Path({str(running.home)!r}), path).start(print)
    """)
    for _ in range(6):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        while "ready to start" not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(chance.uniform(0, 6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    status = running.start()
    assert status.ready, status.waiting_for
    recorded = sorted(part.pid for part in status.components if part.pid)
    marked = [member for member in members.find(running.layout) if member.component in components.NAMES]
    daemons = [m.process.pid for m in marked if not m.process.name().startswith(("containerd-shim", "runc"))]
    named = [part.pid for part in status.components if part.name in components.NAMES]
    assert sorted(daemons) == sorted(pid for pid in named if pid)
    assert len(recorded) == len(status.components)


def test_stop_twice_and_status_of_nothing(tool: Tool, tmp_path: Path) -> None:
    cluster = LocalCluster(tmp_path / "none", tool)
    cluster.stop(print, purge=True)
    status = cluster.status()
    assert (status.ready, status.kubeconfig, status.server, status.identity) == (False, None, None, None)
    assert not (tmp_path / "none").exists()
