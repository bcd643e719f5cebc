"""Pods that get secrets: real servers, real agents, the layer `workspaces` by the real engine."""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from components.vault import paths, policies
from components.vault.kubernetes_login import LONGEST_SECONDS, TOKEN_SECONDS
from components.vault.paths import AUDIENCE
from idp.loopback.images import VAULT
from idp.paths import ROOT

from . import vault_stack
from .conftest import Manifest, until
from .test_vault_e2e import (  # noqa: F401 (fixtures are found by name)
    NAMESPACE,
    SERVERS,
    Standing,
    Vault,
    keepers,
    let_accounts_in,
    login,
    note,
    running,
    scale,
    standing,
    vault_tool,
)
from .vault_stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

CANARIES = {
    "first": "canary-first-5f1c",
    "second": "canary-second-and-longer-77",
    "later": "canary-later-0b",
    "field": "canary-field-c3",
}
DOCUMENT = ROOT / "docs" / "secrets.md"
SERVICE = {"image": "idp.local/sample:1", "port": 8080, "cpu": "10m", "memory": "32Mi"}
QUOTA = {"cpu": "2", "memory": "2Gi", "storage": "1Gi", "pods": 20, "services": 5}
TEAMS: list[dict[str, Any]] = [
    {
        "name": "shop",
        "owner": "team-shop",
        "cost_centre": "cc-1",
        "quota": QUOTA,
        "services": [
            {
                "name": "hello",
                **SERVICE,
                "secrets": [
                    {"file": "missing", "path": "hello", "field": "no-such.field", "optional": True},
                    {"file": "greeting", "path": "hello", "field": "greeting"},
                    {"file": "whole.json", "path": "hello"},
                    {"file": "later", "path": "later", "field": "odd-name.x", "optional": True},
                ],
            },
            {
                "name": "patient",
                **SERVICE,
                "secrets": [{"file": "later", "path": "later", "field": "odd-name.x", "optional": True}],
            },
        ],
    },
    {"name": "pay", "owner": "team-pay", "cost_centre": "cc-2", "quota": QUOTA},
]

PROGRAM = f"""
import dataclasses
import json
import sys

sys.path.insert(0, {str(ROOT)!r})

import pulumi
import yaml

import environments
from environments.loading import parse
from stacks import field_manager, pod_secrets, workspaces
from stacks.outputs import PlatformOutputs

field_manager.fix()
settings = json.loads(pulumi.Config().require("settings"))
local = yaml.safe_load((environments.model.FOLDER / "local.yaml").read_text())
local["workspaces"] = settings["workspaces"]
local["secrets"] = settings["secrets"]
known = {{
    "kubeconfig": settings["kubeconfig"],
    "workspace_priority_class": settings["priority_class"],
}}
names = [field.name for field in dataclasses.fields(PlatformOutputs)]
platform = PlatformOutputs(**{{name: pulumi.Output.from_input(known.get(name, "")) for name in names}})
made = workspaces.declare(
    parse(yaml.safe_dump(local).encode(), "local"),
    platform,
    pod_secrets.Vault(
        namespace="{NAMESPACE}",
        address="https://vault.{NAMESPACE}.svc:8200",
        ca_certificate=settings["ca"],
        image="{VAULT.name}",
    ),
)
pulumi.export("services", made.services)
"""


@pytest.fixture(scope="module")
def keeper(standing: Standing) -> Vault:  # noqa: F811
    """Return Vault with a token of who keeps both teams' secrets, where the layer `secrets` would have put things."""
    deployer = standing.deployer()
    let_accounts_in(deployer)
    for team in ("shop", "pay"):
        deployer.does("POST", f"sys/mounts/{paths.kv(team)}", {"type": "kv", "options": {"version": "2"}})
        for kind in ("pod", "maintainer"):
            text = policies.document(policies.of_team(team)[kind])
            deployer.does("PUT", f"sys/policies/acl/{policies.name(kind, team)}", {"policy": text})
        role = {
            "bound_service_account_names": ["workload"],
            "bound_service_account_namespaces": [team],
            "audience": AUDIENCE,
            "token_policies": [policies.name("pod", team)],
            "token_ttl": TOKEN_SECONDS,
            "token_explicit_max_ttl": LONGEST_SECONDS,
        }
        deployer.does("POST", f"auth/kubernetes/role/{policies.name('pod', team)}", role)
    role = {
        "bound_service_account_names": ["default"],
        "bound_service_account_namespaces": [NAMESPACE],
        "audience": AUDIENCE,
        "token_policies": [policies.name("maintainer", team) for team in ("shop", "pay")],
        "token_ttl": "2h",
    }
    deployer.does("POST", "auth/kubernetes/role/keeper", role)
    vault = standing.vault()
    vault.token = login(standing.api, vault, "default", "keeper", "kubernetes")
    return vault


def put(keeper: Vault, name: str, **fields: object) -> None:
    """Write a secret of team shop; a new engine may need a moment."""
    path = f"{paths.kv('shop')}/data/app/{name}"
    until("a written secret", lambda: keeper.status("POST", path, {"data": fields}) == 200)


@pytest.fixture(scope="module")
def stack(
    standing: Standing,  # noqa: F811
    keeper: Vault,
    tmp_path_factory: pytest.TempPathFactory,
) -> Stack:
    """Bring the layer up while the secret that a service wants is not there yet, and then is."""
    bundle = standing.api.get(f"api/v1/namespaces/{NAMESPACE}/configmaps/vault-ca")
    assert bundle is not None
    classes = standing.api.get("apis/scheduling.k8s.io/v1/priorityclasses") or {"items": []}
    names = [one["metadata"]["name"] for one in classes["items"]]
    gitlab = {"url": "https://gitlab.com", "projects": [{"path": "a/b", "id": 1, "branches": ["main"]}]}
    made = vault_stack.make(
        tmp_path_factory.mktemp("pods"),
        {
            "kubeconfig": str(standing.running.layout.kubeconfig),
            "priority_class": next(name for name in names if "workspace" in name),
            "ca": bundle["data"]["ca.crt"],
            "workspaces": TEAMS,
            "secrets": {"address": "https://127.0.0.1:8200", "gitlab": gitlab},
        },
        PROGRAM,
    )
    output: list[str] = []
    thread = threading.Thread(target=lambda: output.append(made.up()))
    thread.start()
    try:
        until("a pod that waits", lambda: waits(standing, "shop", "hello"), 120)
        # What is optional holds up nothing.
        until("the patient pod", lambda: ready(standing, "shop", "patient"), 120)
        assert waits(standing, "shop", "hello")
        begin = time.monotonic()
        put(keeper, "hello", greeting=CANARIES["first"], number=7)
        until("the pod", lambda: ready(standing, "shop", "hello"), 120)
        note(f"ready {time.monotonic() - begin:.1f} s after its secret was put there")
    finally:
        thread.join()
    assert output, "pulumi up failed"
    return made


def pods(standing: Standing, namespace: str, name: str) -> list[Manifest]:  # noqa: F811
    listed = standing.api.get(f"api/v1/namespaces/{namespace}/pods") or {"items": []}
    return [
        pod
        for pod in listed["items"]
        if name in (pod["metadata"]["labels"].get("app.kubernetes.io/name"), pod["metadata"]["labels"].get("app"))
        and "deletionTimestamp" not in pod["metadata"]
    ]


def waits(standing: Standing, namespace: str, name: str) -> bool:  # noqa: F811
    """Tell whether a pod's first agent runs, and so nothing after it."""
    found = pods(standing, namespace, name)
    statuses = [one for pod in found for one in pod["status"].get("initContainerStatuses", [])]
    first = [one for one in statuses if one["name"] == "vault-agent-once"]
    return bool(first) and all("running" in one["state"] for one in first)


def ready(standing: Standing, namespace: str, name: str) -> bool:  # noqa: F811
    found = pods(standing, namespace, name)
    return bool(found) and all(standing.api.is_ready(namespace, pod["metadata"]["name"]) for pod in found)


def told(standing: Standing, name: str) -> dict[str, int]:  # noqa: F811
    """Return file to bytes, as the service itself tells it."""
    [pod] = pods(standing, "shop", name)
    path = f"/api/v1/namespaces/shop/pods/{pod['metadata']['name']}:8080/proxy/secret"
    status, body = standing.api.client.get(path)
    assert status == 200, body
    return {one["name"]: one["bytes"] for one in json.loads(body)["secrets"]}


def processes(standing: Standing, name: str, program: str) -> list[psutil.Process]:  # noqa: F811
    """Return the processes of the one pod of a service that run a program of its images."""
    uids = {pod["metadata"]["uid"] for pod in pods(standing, "shop", name)}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            group = Path(f"/proc/{process.pid}/cgroup").read_text()
            if any(f"pod{uid}" in group for uid in uids) and process.cmdline()[:1] == [program]:
                found.append(process)
    return found


def content(standing: Standing, name: str, file: str) -> str | None:  # noqa: F811
    """Return what the service would read."""
    for process in processes(standing, name, "/sample"):
        with suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{process.pid}/root/vault/secrets/{file}").read_text()
    return None


def restarts(standing: Standing, name: str) -> dict[str, int]:  # noqa: F811
    return {
        one["name"]: one["restartCount"]
        for pod in pods(standing, "shop", name)
        for one in (*pod["status"].get("initContainerStatuses", []), *pod["status"]["containerStatuses"])
    }


def test_the_pod_has_its_secret_and_tells_it_to_nobody(standing: Standing, stack: Stack) -> None:  # noqa: F811
    assert content(standing, "hello", "greeting") == CANARIES["first"]
    assert json.loads(content(standing, "hello", "whole.json") or "") == {"greeting": CANARIES["first"], "number": 7}
    sizes = told(standing, "hello")
    assert (set(sizes), sizes["greeting"]) == ({"greeting", "whole.json"}, len(CANARIES["first"]))
    [service] = processes(standing, "hello", "/sample")
    about = Path(f"/proc/{service.pid}/root/vault/secrets/greeting").stat()
    assert (about.st_mode & 0o777, about.st_uid) == (0o440, 65532)
    [mounted] = [line for line in Path(f"/proc/{service.pid}/mounts").read_text().splitlines() if "/vault/secr" in line]
    assert mounted.split()[2] == "tmpfs"
    assert mounted.split()[3].startswith("ro,")
    assert told(standing, "patient") == {}
    assert set(stack.changes()) == {"same"}


def test_the_agent_needs_less_than_it_may_have(standing: Standing, stack: Stack) -> None:  # noqa: F811, ARG001
    [agent] = processes(standing, "hello", "/vault")
    memory = agent.memory_full_info()
    group = re.search(r"memory:(\S+)", Path(f"/proc/{agent.pid}/cgroup").read_text())
    assert group
    folder = Path("/sys/fs/cgroup/memory") / group[1].lstrip("/")
    if folder.exists():
        numbers = {name: int((folder / f"memory.{name}").read_text()) for name in ("max_usage_in_bytes", "failcnt")}
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        note(f"agent's cgroup: {numbers}, rss {stat['total_rss']}, cache {stat['total_cache']}")
    note(f"agent: its own {memory.uss >> 20} MiB, resident {memory.rss >> 20} MiB")
    assert memory.uss < 48 << 20
    assert set(restarts(standing, "hello").values()) == {0}


def test_a_changed_secret_changes_the_file_without_a_restart(
    standing: Standing,  # noqa: F811
    stack: Stack,  # noqa: ARG001
    keeper: Vault,
) -> None:
    before = [pod["metadata"]["uid"] for pod in pods(standing, "shop", "hello")]
    begin = time.monotonic()
    put(keeper, "hello", greeting=CANARIES["second"], number=8)
    until("the change", lambda: content(standing, "hello", "greeting") == CANARIES["second"], 120)
    note(f"changed after {time.monotonic() - begin:.1f} s")
    assert told(standing, "hello")["greeting"] == len(CANARIES["second"])
    # What is wrong with one file has left the others alone, and is made good by itself.
    assert "missing" not in told(standing, "hello")
    put(keeper, "hello", greeting=CANARIES["second"], number=8, **{"no-such.field": CANARIES["field"]})
    until("the missing field", lambda: content(standing, "hello", "missing") == CANARIES["field"], 120)
    # A field whose name has what a template's own syntax would not take.
    begin = time.monotonic()
    put(keeper, "later", **{"odd-name.x": CANARIES["later"]})
    until("the optional one", lambda: content(standing, "patient", "later") == CANARIES["later"], 180)
    note(f"an optional secret came after {time.monotonic() - begin:.1f} s")
    until("in the other pod", lambda: content(standing, "hello", "later") == CANARIES["later"], 180)
    assert [pod["metadata"]["uid"] for pod in pods(standing, "shop", "hello")] == before
    assert set(restarts(standing, "hello").values()) == {0}


def documented() -> list[Manifest]:
    """Return the manifests that the documentation offers for copying."""
    _, _, after = DOCUMENT.read_text().partition("<!-- The tests apply it as it stands. -->\n```yaml\n")
    return list(yaml.safe_load_all(after.partition("```")[0]))


COLLECTIONS = {"ConfigMap": "api/v1/namespaces/{}/configmaps", "Deployment": "apis/apps/v1/namespaces/{}/deployments"}


def apply(standing: Standing, manifests: list[Manifest], namespace: str) -> None:  # noqa: F811
    for manifest in manifests:
        manifest["metadata"]["namespace"] = namespace
        standing.api.made(COLLECTIONS[manifest["kind"]].format(namespace), manifest)


def test_the_documented_manifests_work(standing: Standing, stack: Stack) -> None:  # noqa: F811, ARG001
    apply(standing, documented(), "shop")
    until("the documented pod", lambda: ready(standing, "shop", "report"), 120)
    assert content(standing, "report", "greeting") == CANARIES["second"]


@pytest.mark.parametrize("role", ["pod-shop", "pod-pay"])
def test_another_team_s_pod_can_not_get_it(standing: Standing, stack: Stack, role: str) -> None:  # noqa: F811, ARG001
    """With the other team's role it can't log in; with its own it may not read."""
    config, deployment = documented()
    config["metadata"]["name"] = f"report-{role}"
    config["data"]["agent.hcl"] = config["data"]["agent.hcl"].replace('"pod-shop"', f'"{role}"')
    labels = {"app": role}
    deployment["metadata"]["name"] = role
    deployment["spec"]["selector"]["matchLabels"] = labels
    deployment["spec"]["template"]["metadata"]["labels"] = labels
    [volume] = [one for one in deployment["spec"]["template"]["spec"]["volumes"] if one["name"] == "config"]
    volume["configMap"]["name"] = config["metadata"]["name"]
    apply(standing, [config, deployment], "pay")
    until("an agent that tries", lambda: waits(standing, "pay", role), 60)

    def log() -> str:
        [pod] = pods(standing, "pay", role)
        query = f"/api/v1/namespaces/pay/pods/{pod['metadata']['name']}/log?container=vault-agent-once"
        return standing.api.client.get(query)[1].decode()

    until("several refusals", lambda: log().count("Code: 403") >= 2, 60)
    succeeded = "authentication successful" in log()
    assert succeeded == (role == "pod-pay")
    assert waits(standing, "pay", role)
    for canary in CANARIES.values():
        assert canary not in log()


def test_a_pod_without_vault_waits_and_comes_when_it_is_back(
    standing: Standing,  # noqa: F811
    stack: Stack,  # noqa: ARG001
    keeper: Vault,
) -> None:
    scale(standing, 0)
    until("no servers", lambda: not [one for one in standing.pods() if one["metadata"]["name"] in SERVERS], 120)
    [old] = pods(standing, "shop", "hello")
    standing.api.delete(f"api/v1/namespaces/shop/pods/{old['metadata']['name']}")
    until("a pod that waits", lambda: waits(standing, "shop", "hello"), 120)
    # Who runs keeps what he has, and who needs nothing starts.
    assert content(standing, "report", "greeting") == CANARIES["second"]
    [patient] = pods(standing, "shop", "patient")
    standing.api.delete(f"api/v1/namespaces/shop/pods/{patient['metadata']['name']}")
    until("the patient one anew", lambda: len(pods(standing, "shop", "patient")) == 1, 60)
    until("the patient one ready", lambda: ready(standing, "shop", "patient"), 60)
    assert waits(standing, "shop", "hello")
    scale(standing, 3)
    until("a server", lambda: keeper.status("GET", "sys/health") == 200, 300)
    begin = time.monotonic()
    until("the pod", lambda: ready(standing, "shop", "hello"), 180)
    note(f"ready {time.monotonic() - begin:.1f} s after Vault was back")
    assert set(restarts(standing, "hello").values()) == {0}
    begin = time.monotonic()
    put(keeper, "hello", greeting=CANARIES["first"], number=9)
    until("a change again", lambda: content(standing, "hello", "greeting") == CANARIES["first"], 180)
    until("in the pod that saw the gap", lambda: content(standing, "report", "greeting") == CANARIES["first"], 300)
    note(f"changes arrive again after {time.monotonic() - begin:.1f} s")
    until("all servers ready", standing.ready, 540)


def test_no_secret_is_anywhere_else(standing: Standing, stack: Stack) -> None:  # noqa: F811
    listed = [f"api/v1/{kind}" for kind in ("configmaps", "pods", "secrets", "events")]
    read = [json.dumps(standing.api.get(path)) for path in (*listed, "apis/apps/v1/deployments")]
    read.append(stack.state())
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            read += [Path(f"/proc/{process.pid}/{what}").read_text("latin-1") for what in ("cmdline", "environ")]
    logs = [path for path in (standing.running.layout.home / "logs").rglob("*") if path.is_file()]
    assert logs
    read += [path.read_bytes().decode("latin-1") for path in logs]
    text = "".join(read)
    assert [canary for canary in CANARIES.values() if canary in text] == []
    # The search finds what is there.
    assert "static_secret_render_interval" in text
