"""Whether the cluster is of use: asked of the cluster itself, never concluded from a process that runs."""

from __future__ import annotations

import datetime as dt
import http.client
import math
import subprocess
from pathlib import Path
from typing import Any

from idp.errors import IdpError
from idp.loopback.cluster import daemon, network
from idp.loopback.cluster.api import Client, Unreachable
from idp.loopback.cluster.layout import Layout

PROBE_SECONDS = 1
DNS_PATH = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
NODE_PATH = f"/api/v1/nodes/{network.NODE_NAME}"


def api_server(client: Client) -> str | None:
    """Return why the API server is not ready, None if it is."""
    try:
        status, _ = client.get("/readyz")
    except Unreachable as error:
        return f"API server: {error}"
    return None if status == http.client.OK else f"API server: not ready ({status})"


def registered(client: Client) -> str | None:
    """Return why there is no Node yet, None if there is one (Ready or not)."""
    try:
        return None if client.read(NODE_PATH) else "node: not registered yet"
    except (Unreachable, IdpError) as error:
        return f"node: {error}"


def node(layout: Layout, client: Client) -> str | None:
    """Return why the node is not Ready, None if it is; what an earlier kubelet said does not count."""
    kubelet = daemon.running(layout, "kubelet")
    if kubelet is None:
        return "node: no kubelet runs"
    try:
        found = client.read(NODE_PATH)
    except (Unreachable, IdpError) as error:
        return f"node: {error}"
    if found is None:
        return "node: not registered yet"
    return node_problem(found, kubelet.create_time())


def node_problem(content: dict[str, Any], since: float) -> str | None:
    """Return why a Node object is not Ready since `since` (seconds since 1970), None if it is."""
    for condition in content.get("status", {}).get("conditions", []):
        if condition["type"] != "Ready":
            continue
        heartbeat = dt.datetime.fromisoformat(condition["lastHeartbeatTime"]).timestamp()
        # The API server keeps whole seconds.
        if heartbeat < math.floor(since):
            return "node: the kubelet has not reported since it was started"
        return None if condition["status"] == "True" else f"node: {condition.get('message') or 'not Ready'}"
    return "node: not reported yet"


def rolled_out(client: Client) -> str | None:
    """Return why CoreDNS is not available in its present version, None if it is."""
    try:
        found = client.read(DNS_PATH)
    except (Unreachable, IdpError) as error:
        return f"CoreDNS: {error}"
    return "CoreDNS: not deployed" if found is None else rollout_problem(found)


def rollout_problem(content: dict[str, Any]) -> str | None:
    """Return why a Deployment object is not (completely) rolled out, None if it is."""
    wanted, status = content["spec"].get("replicas", 1), content.get("status", {})
    if status.get("observedGeneration", 0) < content["metadata"]["generation"]:
        return "CoreDNS: change not seen yet"
    counts = {key: status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    if all(count == wanted for count in counts.values()):
        return None
    return f"CoreDNS: {counts['availableReplicas']} of {wanted} pods available, {counts['updatedReplicas']} up to date"


def dns(probe: Path, anchor: int) -> str | None:
    """Return why the DNS Service does not answer, None if it does: takes kube-proxy, CNI and CoreDNS."""
    name = f"kubernetes.default.svc.{network.DOMAIN}"
    server = f"--server={network.DNS_IP}:53"
    return _probe(probe, anchor, "DNS", "resolve", name, server)


def policies(probe: Path, anchor: int) -> str | None:
    """Return why network policies are not enforced, None if they are."""
    url = f"http://127.0.0.1:{network.KUBE_ROUTER_HEALTH_PORT}/healthz"
    return _probe(probe, anchor, "kube-router", "get", url)


def _probe(probe: Path, anchor: int, name: str, *arguments: str) -> str | None:
    timeout = f"--timeout={PROBE_SECONDS}s"
    command = [*daemon.enter(anchor, mount=False), str(probe), *arguments, timeout]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PROBE_SECONDS + 2, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{name}: no answer"
    return None if answer.returncode == 0 else f"{name}: {(answer.stdout or answer.stderr).strip()}"
