"""What is done to Vault's servers by jobs that lie ready in the cluster: rotations, snapshots, a restore."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from idp.errors import Exit, IdpError
from idp.kubectl import Kubectl
from idp.session import Report
from stacks.layers import VAULT_NAMESPACE

ROTATIONS = {"authority": "vault-rotate-authority", "seal": "vault-rotate-seal"}
"""What can be rotated by a job -> the suspended job that does it."""
SNAPSHOT, RESTORE = "vault-snapshot", "vault-restore"

SERVERS = "app.kubernetes.io/name=vault"
"""Label of the servers' pods and volumes."""

PATIENCE = 1500.0
"""Seconds for one job: its own deadline is 1200; and for servers that crash until their seal is there, 540."""
_PERIOD = 1.0
_STAMP = re.compile(r"^\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2} ")
_SNAPSHOT = re.compile(r"vault-\d{8}T\d{6}Z\.snap")


@dataclass(frozen=True)
class Ended:
    """A job that has done its work."""

    job: str
    log: tuple[str, ...]
    """What it printed, without times."""
    seconds: float


def run(kubectl: Kubectl, task: str, report: Report, *arguments: str) -> Ended:
    """Start the job of a suspended one, with more arguments, and follow it to its end.

    Raises `IdpError`: MISSING if there is no such job in the cluster, BUSY if one of its kind is at work, FAILED with
    what it said last if it failed.
    """
    if not kubectl.there("cronjob", task):
        raise IdpError(f"cronjob/{task}: is not in namespace {VAULT_NAMESPACE}; `idp up` brings Vault", Exit.MISSING)
    for name in _at_work(kubectl, task):
        raise IdpError(f"job/{name}: is at work; wait for its end", Exit.BUSY)
    job = f"{task}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    manifest = json.loads(
        kubectl.run("create", "job", job, f"--from=cronjob/{task}", "--dry-run=client", "--output=json")
    )
    manifest["spec"]["template"]["spec"]["containers"][0]["args"] += arguments
    begin = time.monotonic()
    kubectl.run("create", "--filename=-", stdin=json.dumps(manifest))
    report(f"job/{job}: started")
    log = _follow(kubectl, job, report)
    return Ended(job, tuple(log), time.monotonic() - begin)


def restore(kubectl: Kubectl, report: Report, snapshot: str | None = None) -> Ended:
    """Empty Vault and put a snapshot in its place, the newest if none is named; **what is in it is lost**.

    The snapshot is read to its end before anything is touched. After an interruption it is begun anew.
    """
    if snapshot is not None and not _SNAPSHOT.fullmatch(snapshot):
        raise IdpError(
            f"--snapshot: {snapshot!r} is not allowed: a name such as vault-20260131T063000Z.snap", Exit.INVALID
        )
    begin = time.monotonic()
    checked = run(kubectl, RESTORE, report, "check", *([snapshot] if snapshot else []))
    [name] = {found for line in checked.log for found in _SNAPSHOT.findall(line)}
    replicas = _replicas(kubectl)
    _scale(kubectl, 0, report)
    kubectl.run("delete", "persistentvolumeclaim", f"--selector={SERVERS}", "--timeout=100s")
    report("volumes of Vault: deleted")
    _begin_one(kubectl, report)
    ended = run(kubectl, RESTORE, report, name)
    # It still speaks with the transport keys of the empty Vault; no other server can join it.
    kubectl.run("delete", "pod", "vault-0", "--timeout=100s")
    _await("pod/vault-0 ready", lambda: _ready(kubectl) == 1, report)
    _scale(kubectl, replicas, report)
    return Ended(ended.job, (*checked.log, *ended.log), time.monotonic() - begin)


def _begin_one(kubectl: Kubectl, report: Report) -> None:
    kubectl.run("scale", "statefulset", "vault", "--replicas=1")
    # It can't be ready: it is empty. That it runs is what the job needs, which waits for its answer.
    _await("pod/vault-0 running", lambda: _phases(kubectl) == ["Running"], report)


def _scale(kubectl: Kubectl, replicas: int, report: Report) -> None:
    kubectl.run("scale", "statefulset", "vault", f"--replicas={replicas}")
    if replicas == 0:
        _await("servers of Vault gone", lambda: _phases(kubectl) == [], report)
    else:
        _await(f"{replicas} server(s) of Vault ready", lambda: _ready(kubectl) == replicas, report)


def _replicas(kubectl: Kubectl) -> int:
    """Return how many servers there are to be, also where an interrupted restore left fewer."""
    settings = json.loads(kubectl.get("configmap", RESTORE)["data"]["config.json"])
    return len(settings["vault"]["addresses"])


def _phases(kubectl: Kubectl) -> list[str]:
    return [pod["status"]["phase"] for pod in kubectl.get("pods", f"--selector={SERVERS}")["items"]]


def _ready(kubectl: Kubectl) -> int:
    pods = kubectl.get("pods", f"--selector={SERVERS}")["items"]
    return sum(
        any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
    )


def _await(what: str, reached: Callable[[], bool], report: Report) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise IdpError(f"{what}: not within {PATIENCE:.0f} s; run the command again")
        time.sleep(_PERIOD)
    report(what)


def _at_work(kubectl: Kubectl, task: str) -> Iterator[str]:
    for job in kubectl.get("jobs")["items"]:
        owners = [owner["name"] for owner in job["metadata"].get("ownerReferences", [])]
        if task in owners and not _conditions(job):
            yield job["metadata"]["name"]


def _conditions(job: Any) -> set[str]:  # noqa: ANN401
    """Return how a job ended; empty while it is at work."""
    listed = job.get("status", {}).get("conditions", [])
    return {one["type"] for one in listed if one["status"] == "True"} & {"Complete", "Failed"}


def _follow(kubectl: Kubectl, job: str, report: Report) -> list[str]:
    """Report each line that a job prints, until it has ended; return all of them."""
    shown: dict[str, int] = {}
    log: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while True:
        # The end first: what is printed before it is then read after it.
        ended = _conditions(kubectl.get("job", job))
        for line in _new_lines(kubectl, job, shown):
            report(line)
            log.append(line)
        if ended == {"Complete"}:
            return log
        if ended:
            raise IdpError(f"job/{job}: {_failure(log)}")
        if time.monotonic() > deadline:
            raise IdpError(f"job/{job}: not ended within {PATIENCE:.0f} s")
        time.sleep(_PERIOD)


def _new_lines(kubectl: Kubectl, job: str, shown: dict[str, int]) -> Iterator[str]:
    pods = kubectl.get("pods", f"--selector=batch.kubernetes.io/job-name={job}")["items"]
    for pod in sorted(pods, key=lambda one: str(one["metadata"]["creationTimestamp"])):
        name = pod["metadata"]["name"]
        if pod["status"]["phase"] == "Pending":
            continue
        lines = kubectl.run("logs", name).splitlines()
        for line in lines[shown.get(name, 0) :]:
            yield _STAMP.sub("", line)
        shown[name] = len(lines)


def _failure(log: Sequence[str]) -> str:
    """Return the last error that a job told, with the lines that say what to do."""
    if not log:
        return "failed without a word"
    errors = [number for number, line in enumerate(log) if line.startswith("error ")]
    return "\n".join(log[errors[-1] :]).removeprefix("error ") if errors else log[-1]
