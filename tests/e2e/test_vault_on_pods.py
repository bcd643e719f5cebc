"""Who may do what, and where secrets are, on Vault's server in a pod of an environment that `idp up` stood up.

Everybody whom this environment lets in asks for everything that the table of `tests.vault.expected` has, for every team
of the environment's file. It has no identity provider, so no readers and developers (they are in `tests.vault`);
maintainers come through the cluster. Engines of databases and AWS are not here
either: their paths are asked for all the same, and who may use them gets 404 instead of 403.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from components.vault import policies
from components.workspace import WORKLOAD
from components.workspace_access import VAULT_MAINTAINER
from idp import toolchain
from stacks import layers
from tests.vault import world
from tests.vault.expected import OF_A_TEAM, OF_VAULT, Request
from tests.vault.identities import Identity
from tests.vault.judgement import PLANTED, judged, wrong
from tests.vault.signing import Signer

from .checkout import Checkout, Ran, run
from .conftest import standing_checkout
from .kubectl import Kubectl, pod, until
from .leaks import Search, Watch, regular
from .vault_environment import NAME, NAMESPACE, PROTECTED, UNPROTECTED, VaultOnPods, model, text
from .vault_identities import OF_THE_BOOTSTRAP, everybody, intruders, resigned

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

FIRST, LATE = world.TEAMS[:-1], world.TEAMS[-1]
WITH_SERVICE = FIRST[0]
SERVICE = "hello"
CANARIES = 100
FILE = "canary"
"""Of the service, in `/vault/secrets`."""
REFUSED = (400, 403)
KINDS = ("job", "protected-job", "pod", "maintainer")
FOLDERS = (
    "state",
    "logs",
    "local/logs",
    "local/audit",
    "local/etcd",
    "local/volumes",
    "local/containerd",
    "local/kubelet",
)
"""Parts of `.idp` that must not be empty: states with history and copies, what the engine and the cluster's programs
said, the API server's audit log, etcd, the volumes of Vault with its storage and audit files, what containers wrote."""
READERS = {"app": "pod", "ci": "job", "deploy": "protected-job", "people": "maintainer"}
"""First part of a secret's path -> who reads it here."""


@dataclass
class Planted:
    """What lies in Vault, and by what it is known."""

    mark: str = field(default_factory=lambda: secrets.token_hex(12))
    """What each of the secrets, and nothing else on this machine, has in it."""
    values: dict[tuple[str, str], str] = field(default_factory=dict)
    """Team and path in its mount -> value."""

    def add(self, team: str, path: str, word: str) -> None:
        self.values[team, path] = f"canary-{team}-{word}-{self.mark}-{secrets.token_hex(12)}"


@dataclass
class Standing:
    """An environment that stands."""

    checkout: Checkout
    kubectl: Kubectl
    vault: VaultOnPods
    gitlab: Signer
    up: Ran

    def teams(self) -> list[str]:
        """Return the teams of the file, as it is now."""
        return [workspace.name for workspace in model(self.checkout).workspaces]

    def service_pod(self) -> str:
        """Return the name of the one pod of the service."""
        names = [one["metadata"]["name"] for one in self.kubectl.get("pods", "-n", WITH_SERVICE)["items"]]
        [found] = [name for name in names if name.startswith(SERVICE)]
        return found


def note(line: str) -> None:
    """Say what was measured, for `pytest -s`."""
    sys.stderr.write(f"{line}\n")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Return an environment in which all teams but the last one are."""
    gitlab = Signer("gitlab")
    described = text(gitlab, FIRST, WITH_SERVICE)
    with standing_checkout(tmp_path_factory.mktemp("vault") / "checkout", described) as checkout:
        up = checkout.idp("up", NAME, "--json", seconds=600)
        assert up.code == 0, up
        note(f"stood up in {up.seconds:.0f} s")
        kubectl = Kubectl(checkout)
        yield Standing(checkout, kubectl, VaultOnPods(checkout, kubectl, gitlab), gitlab, up)


@pytest.fixture(scope="module")
def complete(standing: Standing) -> Standing:
    """Return the environment with the last team added to its file, which nobody prepared anything for."""
    vault = standing.vault
    jwt = vault.job(LATE, UNPROTECTED)
    assert vault.login("gitlab", f"job-{LATE}", jwt).status in REFUSED
    standing.checkout.describe(text(standing.gitlab, (*FIRST, LATE), WITH_SERVICE))
    up = standing.checkout.idp("up", NAME, "--json")
    assert up.code == 0, up
    assert standing.teams() == [*FIRST, LATE]
    assert vault.login("gitlab", f"job-{LATE}", jwt).status == 200
    return standing


@pytest.fixture(scope="module")
def maintainers(complete: Standing) -> dict[str, str]:
    """Return a maintainer's token for each team, got as `idp secrets` gets it without an identity provider."""
    vault = complete.vault
    return {
        team: vault.token("kubernetes", policies.name("maintainer", team), vault.account(team, VAULT_MAINTAINER))
        for team in complete.teams()
    }


@pytest.fixture(scope="module")
def pods(complete: Standing) -> Iterator[dict[str, str]]:
    """Return pods that run as what workloads run as: the service's, and one of the team that came late."""
    kubectl = complete.kubectl
    made = kubectl.create(pod(LATE, "probe", "sleep", serviceAccountName=WORKLOAD))
    assert made.code == 0, made
    until("a pod", lambda: kubectl.get("pod", "probe", "-n", LATE)["status"]["phase"] == "Running")
    yield {WITH_SERVICE: complete.service_pod(), LATE: "probe"}
    kubectl("delete", "pod", "probe", "-n", LATE, "--grace-period=1", "--ignore-not-found")


@pytest.fixture(scope="module")
def planted(complete: Standing, maintainers: dict[str, str]) -> Planted:
    """Plant the canaries, as maintainers do."""
    found, teams = Planted(), complete.teams()
    for team in teams:
        for path, word in PLANTED.items():
            found.add(team, path, word)
    found.add(WITH_SERVICE, "app/agent", "agent")
    for number in range(CANARIES - len(found.values)):
        kind = list(READERS)[number % len(READERS)]
        found.add(teams[number % len(teams)], f"{kind}/c{number}", kind)
    assert len(found.values) == len(set(found.values.values())) == CANARIES
    for (team, path), value in found.values.items():
        body = {"data": {"value": value}}
        answer = complete.vault.call("POST", f"team/{team}/kv/data/{path}", body, maintainers[team])
        assert answer.status == 200, (team, path, answer.content)
    return found


def who(standing: Standing, pods: dict[str, str], maintainers: dict[str, str]) -> Iterator[Identity]:
    return everybody(standing.vault, standing.teams(), pods, maintainers)


def test_everybody_gets_what_the_table_says(
    complete: Standing, planted: Planted, pods: dict[str, str], maintainers: dict[str, str]
) -> None:
    teams = complete.teams()
    of_vault = (*OF_VAULT, *OF_THE_BOOTSTRAP)
    asked, found = judged(complete.vault.call, who(complete, pods, maintainers), teams, of_vault)
    note(f"{asked} verdicts; a limit let us wait {complete.vault.busy} times")
    assert planted.values
    assert found == [], "\n".join(found)
    assert asked == (len(KINDS) * len(teams) + 6) * (len(OF_A_TEAM) * len(teams) + len(of_vault))


def test_the_table_finds_a_policy_that_gives_too_much(complete: Standing, planted: Planted) -> None:
    """A job with a policy behind the table's back is seen at each request that it lets through."""
    vault, deployer, other = complete.vault, complete.vault.deployer(), complete.teams()[1]
    # The one policy that the deploy identity can write, and no role has: of a team that is not there.
    name = policies.name("job", "nobody")
    body = {"policy": policies.document({f"team/{other}/kv/data/*": ("read",)})}
    assert planted.values
    assert vault.call("PUT", f"sys/policies/acl/{name}", body, deployer).status == 204
    role = {
        "bound_service_account_names": [VAULT_MAINTAINER],
        "bound_service_account_namespaces": [WITH_SERVICE],
        "audience": "vault",
        "token_policies": [name],
        "token_ttl": "1m",
    }
    assert vault.call("POST", "auth/kubernetes/role/thief", role, deployer).status == 204
    try:
        token = vault.token("kubernetes", "thief", vault.account(WITH_SERVICE, VAULT_MAINTAINER))
        thief = Identity("job", WITH_SERVICE, token)

        def is_wrong(request: Request) -> bool:
            answer = vault.call(request.method, request.path.format(team=other), dict(request.body), token)
            return wrong(request, other, thief, answer) is not None

        reading = [one.name for one in OF_A_TEAM if one.method == "GET" and "/kv/data/" in one.path]
        assert [one.name for one in OF_A_TEAM if is_wrong(one)] == reading
    finally:
        vault.call("DELETE", "auth/kubernetes/role/thief", token=deployer)
        vault.call("DELETE", f"sys/policies/acl/{name}", token=deployer)


def test_nobody_else_logs_in(complete: Standing) -> None:
    vault, teams = complete.vault, complete.teams()
    key = (complete.checkout.local / "pki/service-accounts.key").read_bytes()
    # What is signed here with the cluster's key is good, so that what is wrong with the others is what they say.
    vault.token("kubernetes", f"pod-{WITH_SERVICE}", resigned(vault.account(WITH_SERVICE, WORKLOAD), key, {}))
    refused, found = 0, []
    for intruder in intruders(vault, teams, key):
        answer = vault.login(intruder.mount, intruder.role, intruder.jwt)
        refused += answer.status in REFUSED
        if answer.status not in REFUSED or "auth" in answer.content:
            found.append(f"{intruder}: {answer.status}")
    note(f"{refused} logins refused")
    assert found == []
    assert refused > 50 * len(teams)


def test_a_pods_token_ends_with_the_pod(complete: Standing) -> None:
    vault, kubectl = complete.vault, complete.kubectl
    assert kubectl.create(pod(LATE, "brief", "sleep", serviceAccountName=WORKLOAD)).code == 0
    jwt = vault.account(LATE, WORKLOAD, pod="brief")
    assert vault.login("kubernetes", f"pod-{LATE}", jwt).status == 200
    assert kubectl("delete", "pod", "brief", "-n", LATE, "--grace-period=0", "--force").code == 0
    # The API server remembers for seconds that a token was good.
    until("a refusal", lambda: vault.login("kubernetes", f"pod-{LATE}", jwt).status in REFUSED)


def test_a_hundred_canaries_are_nowhere_but_where_they_belong(
    complete: Standing, planted: Planted, pods: dict[str, str], maintainers: dict[str, str], tmp_path: Path
) -> None:
    checkout, kubectl = complete.checkout, complete.kubectl
    control = secrets.token_hex(12)
    search = Search((planted.mark, control))
    with found_controls(complete, control, tmp_path) as controls:
        with Watch(search) as watch:
            tokens = {(one.kind, one.team): one.token or "" for one in who(complete, pods, maintainers)}
            use(complete, planted, tokens)
            own = planted.values[WITH_SERVICE, "app/agent"]
            place = until("the agent's file", lambda: agents_file(complete, own), 240)
            for kind, command in COMMANDS.items():
                ran = command(complete)
                assert ran.code == 0, ran
                search.text(kind, kind, ran.out + ran.err)
        assert watch.rounds > 10
        assert {"vault", "pulumi", "kubectl"} <= watch.seen
        watch.look()
        search.text("idp up --json, the first", "idp up --json, the first", complete.up.out + complete.up.err)
        objects(kubectl, search)
        logs(kubectl, search)
        search.folders(checkout.root / ".idp", FOLDERS)
        search.memory("file systems in memory", in_cluster(checkout))
    note("\n".join(f"{kind}: {size / 2**20:.1f} MiB" for kind, size in search.looked.items()))
    expected = {*COMMANDS, *FOLDERS, "rest of .idp", "objects", "pods' logs", "file systems in memory"}
    assert expected - {kind for kind, size in search.looked.items() if size} == set()
    leaks = {where for where, marks in search.found.items() if planted.mark in marks}
    # One file in memory, for the pod that it is for.
    assert leaks == {place}, leaks
    seen = {where for where, marks in search.found.items() if control in marks}
    missed = [name for name, is_there in controls.items() if not any(is_there(where) for where in seen)]
    assert missed == [], seen


def test_the_audit_log_tells_who_did_it_and_not_what(complete: Standing, planted: Planted) -> None:
    volumes = [path for path in regular(complete.checkout.local / "volumes") if path.name.startswith("audit.log")]
    kept = "".join(path.read_text() for path in volumes)
    said = complete.kubectl("logs", "vault-0", "-n", NAMESPACE, "-c", "vault").out
    assert kept.count("\n") > 5000
    for log in (kept, said):
        assert log.count("hmac-sha256:") > 1000
        assert planted.mark not in log
    assert [place for place in planted.values if '"team/{}/kv/data/{}"'.format(*place) not in kept] == []


def use(standing: Standing, planted: Planted, tokens: dict[tuple[str, str | None], str]) -> None:
    """Read each canary as who may, some by the documented command, and let it be encrypted and decrypted."""
    vault = standing.vault
    for (team, path), value in planted.values.items():
        kind = READERS.get(path.partition("/")[0], "maintainer")
        if kind == "protected-job":
            assert by_command(standing, team, path) == value
        answer = vault.call("GET", f"team/{team}/kv/data/{path}", token=tokens[kind, team])
        assert answer.data["data"] == {"value": value}
        crypting = tokens["pod", team]
        plain = base64.b64encode(value.encode()).decode()
        sealed = vault.call("POST", f"team/{team}/transit/encrypt/main", {"plaintext": plain}, crypting).data
        opened = vault.call("POST", f"team/{team}/transit/decrypt/main", {"ciphertext": sealed["ciphertext"]}, crypting)
        assert opened.data["plaintext"] == plain


def by_command(standing: Standing, team: str, path: str) -> str:
    """Return what a job gets by the commands that the documentation has."""
    binary = toolchain.ensure(print, toolchain.VAULT).path("vault")
    vault = standing.vault
    around = {
        "HOME": str(standing.checkout.root),
        "PATH": os.defpath,
        "VAULT_ADDR": vault.address,
        "VAULT_CACERT": str(vault.certificate),
    }
    login = [binary, "write", "-field=token", "auth/gitlab/login", f"role=protected-job-{team}", "jwt=-"]
    jwt = vault.job(team, PROTECTED)
    around["VAULT_TOKEN"] = subprocess.run(
        login, env=around, input=jwt, capture_output=True, text=True, check=True
    ).stdout
    reading = [binary, "kv", "get", f"-mount=team/{team}/kv", "-field=value", path]
    return subprocess.run(reading, env=around, capture_output=True, text=True, check=True).stdout


def agents_file(standing: Standing, value: str) -> str | None:
    """Return where the agent has put the secret, as the cluster's own processes see it; None while it has not."""
    uid = standing.kubectl.get("pod", standing.service_pod(), "-n", WITH_SERVICE)["metadata"]["uid"]
    place = f"/run/idp/kubelet/pods/{uid}/volumes/kubernetes.io~empty-dir/vault-secrets/{FILE}"
    try:
        content = Path(f"/proc/{standing.checkout.pid_of('namespace')}/root{place}").read_text()
    except FileNotFoundError:
        return None
    return place if content == value else None


def exported(layer: str) -> Callable[[Standing], Ran]:
    """Return what exports all that the state of a layer has, secrets in plain text."""
    stock = f'eval "$(.venv/bin/idp env-vars {NAME})"; pulumi stack export --show-secrets -s {NAME}.{layer}'
    return lambda standing: run("bash", "-euc", stock, cwd=standing.checkout.root)


COMMANDS: dict[str, Callable[[Standing], Ran]] = {
    "idp preview --json": lambda standing: standing.checkout.idp("preview", NAME, "--json"),
    "idp up --refresh --json": lambda standing: standing.checkout.idp("up", NAME, "--refresh", "--json"),
    "idp outputs --json": lambda standing: standing.checkout.idp("outputs", NAME, "--json"),
    "idp status --json": lambda standing: standing.checkout.idp("status", NAME, "--json"),
    **{f"pulumi stack export of {layer}": exported(layer) for layer in layers.LAYERS if layer != "foundation"},
}
"""What people run, and keep the output of."""


def objects(kubectl: Kubectl, search: Search) -> None:
    """Look through every object of every kind, one by one."""
    for kind in kubectl("api-resources", "--verbs=list", "-o", "name").out.split():
        listed = kubectl("get", kind, "--all-namespaces", "-o", "yaml", "--show-managed-fields")
        assert listed.code == 0, listed
        search.text("objects", f"objects: {kind}", listed.out)


def logs(kubectl: Kubectl, search: Search) -> None:
    """Look through what every container of every pod has printed."""
    for item in kubectl.get("pods", "--all-namespaces")["items"]:
        namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
        for container in (*item["spec"].get("initContainers", []), *item["spec"]["containers"]):
            said = kubectl("logs", name, "-n", namespace, "-c", container["name"])
            assert said.code == 0, said
            search.text("pods' logs", f"log of {namespace}/{name}/{container['name']}", said.out)


def in_cluster(checkout: Checkout) -> list[int]:
    """Return the processes of the cluster: its own and those in its pods."""
    found = []
    for process in psutil.pids():
        try:
            groups = Path(f"/proc/{process}/cgroup").read_text()
        except OSError:
            continue  # ended since it was listed
        if checkout.identifier in groups:
            found.append(process)
    namespace = checkout.pid_of("namespace")
    assert namespace is not None
    assert len(found) > 10
    return [namespace, *found]


@contextmanager
def found_controls(standing: Standing, mark: str, folder: Path) -> Iterator[dict[str, Callable[[str], bool]]]:
    """Put a mark where it must be found, in several disguises; yield what tells each of the places by its name."""
    value, encoded = f"control-{mark}", base64.b64encode(f"x{mark}".encode()).decode()
    script = folder / "waits.py"
    script.write_text("import time\ntime.sleep(600)\n")
    command = [sys.executable, str(script), value]
    process = subprocess.Popen(command, env={**os.environ, "CONTROL": encoded})
    kubectl, kept = standing.kubectl, standing.checkout.root / ".idp/logs/control.log"
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "control", "namespace": WITH_SERVICE},
        "data": {"value": value},
    }
    secret = {**manifest, "kind": "Secret", "data": {"value": base64.b64encode(encoded.encode()).decode()}}
    kept.write_text(json.dumps({"plaintext": value.encode().hex()}))
    try:
        for one in (manifest, secret):
            made = kubectl.create(one)
            assert made.code == 0, made
        yield {
            "ConfigMap": lambda where: where == "objects: configmaps",
            "Secret": lambda where: where == "objects: secrets",
            "etcd": lambda where: "/.idp/local/etcd/" in where,
            "log": lambda where: where == str(kept),
            "command line": lambda where: where == f"cmdline of {process.pid}",
            "environment": lambda where: where == f"environ of {process.pid}",
        }
    finally:
        process.kill()
        process.wait()
        kept.unlink()
        for kind in ("configmap", "secret"):
            kubectl("delete", kind, "control", "-n", WITH_SERVICE)
