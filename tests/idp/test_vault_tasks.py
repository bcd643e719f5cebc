"""What is done to Vault by jobs, on a cluster that only remembers; the real one is in the e2e tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from idp import vault_tasks
from idp.errors import Exit, IdpError
from idp.kubectl import Kubectl

NAME = "vault-20260131T063000Z.snap"


class Cluster(Kubectl):
    """Servers, volumes and jobs, as far as kubectl tells of them; each change is written down."""

    def __init__(self, *fails: str, tasks: tuple[str, ...] = ("vault-restore",)) -> None:
        self.fails = fails
        """Arguments of a job that fails."""
        self.tasks = tasks
        self.replicas = 3
        self.jobs: dict[str, tuple[list[str], list[str]]] = {}
        """Name -> arguments, and log."""
        self.busy: list[str] = []
        self.done: list[str] = []

    def there(self, kind: str, name: str) -> bool:
        assert kind == "cronjob"
        return name in self.tasks

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        verb, *rest = arguments
        if verb == "create" and "--dry-run=client" in rest:
            return json.dumps(
                {
                    "metadata": {"name": rest[1]},
                    "spec": {"template": {"spec": {"containers": [{"args": ["restore"]}]}}},
                }
            )
        if verb == "create":
            made = json.loads(stdin or "")
            given = made["spec"]["template"]["spec"]["containers"][0]["args"][1:]
            self._begin(made["metadata"]["name"], given)
        elif verb == "scale":
            self.replicas = int(rest[-1].partition("=")[2])
            self.done.append(f"scale {self.replicas}")
        elif verb == "delete":
            self.done.append(f"delete {rest[0]}")
        elif verb == "logs":
            return "\n".join(self.jobs[rest[0].removeprefix("pod-")][1])
        else:
            raise AssertionError(arguments)
        return ""

    def get(self, *arguments: str) -> Mapping[str, Any]:
        match arguments:
            case ["configmap", "vault-restore"]:
                return {"data": {"config.json": json.dumps({"vault": {"addresses": ["a", "b", "c"]}})}}
            case ["jobs"]:
                owned = [{"name": self.tasks[0]}]
                return {"items": [{"metadata": {"name": name, "ownerReferences": owned}} for name in self.busy]}
            case ["job", name]:
                kind = "Failed" if self._failed(name) else "Complete"
                return {"status": {"conditions": [{"type": kind, "status": "True"}]}}
            case ["pods", selector] if "job-name" in selector:
                name = f"pod-{selector.rpartition('=')[2]}"
                return {
                    "items": [{"metadata": {"name": name, "creationTimestamp": "1"}, "status": {"phase": "Succeeded"}}]
                }
            case ["pods", _]:
                ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
                return {"items": [{"metadata": {}, "status": ready}] * self.replicas}
        raise AssertionError(arguments)

    def _begin(self, name: str, given: list[str]) -> None:
        said = "is whole" if "check" in given else "is in place. To go on:"
        log = [f"2026/01/31 06:30:00 restore: {NAME} {said}"]
        if set(given) & set(self.fails):
            log.append("2026/01/31 06:30:01 error it is spoiled")
        self.jobs[name] = (given, log)
        self.done.append(" ".join(["job", *given]))

    def _failed(self, name: str) -> bool:
        return bool(set(self.jobs[name][0]) & set(self.fails))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_tasks, "_PERIOD", 0)


def silent(_line: str) -> None:
    """Say nothing."""


ORDER = [
    "job check",
    "scale 0",
    "delete persistentvolumeclaim",
    "scale 1",
    f"job {NAME}",
    "delete pod",
    "scale 3",
]


@pytest.mark.parametrize("left", range(4))
def test_a_restore_does_the_whole_runbook_wherever_one_before_was_interrupted(left: int) -> None:
    cluster = Cluster()
    cluster.replicas = left
    ended = vault_tasks.restore(cluster, silent)
    assert cluster.done == ORDER
    assert ended.log == (f"restore: {NAME} is whole", f"restore: {NAME} is in place. To go on:")


def test_nothing_is_touched_for_a_snapshot_that_can_not_be_restored() -> None:
    cluster = Cluster("check")
    with pytest.raises(IdpError, match=r"^job/vault-restore-\d{14}: it is spoiled$") as said:
        vault_tasks.restore(cluster, silent)
    assert said.value.code is Exit.FAILED
    assert cluster.done == ["job check"]


def test_after_a_failed_restore_no_server_joins() -> None:
    cluster = Cluster(NAME)
    with pytest.raises(IdpError, match="it is spoiled"):
        vault_tasks.restore(cluster, silent)
    assert cluster.done == ORDER[:5]


@pytest.mark.parametrize("name", ["", "../x", "vault-1.snap", f"{NAME} ", f"-{NAME}"])
def test_only_names_of_snapshots_are_passed_on(name: str) -> None:
    cluster = Cluster()
    with pytest.raises(IdpError, match="--snapshot: ") as said:
        vault_tasks.restore(cluster, silent, name)
    assert said.value.code is Exit.INVALID
    assert cluster.done == []


def test_a_named_snapshot_is_the_one_that_is_checked_and_restored() -> None:
    cluster = Cluster()
    vault_tasks.restore(cluster, silent, NAME)
    assert [line for line in cluster.done if line.startswith("job")] == [f"job check {NAME}", f"job {NAME}"]


def test_a_job_that_is_missing_or_at_work_is_not_started() -> None:
    absent = Cluster(tasks=())
    with pytest.raises(IdpError, match="cronjob/vault-rotate-seal: is not in") as said:
        vault_tasks.run(absent, "vault-rotate-seal", silent)
    assert said.value.code is Exit.MISSING
    busy = Cluster(tasks=("vault-rotate-seal",))
    busy.busy = ["vault-rotate-seal-1"]
    with pytest.raises(IdpError, match="job/vault-rotate-seal-1: is at work") as said:
        vault_tasks.run(busy, "vault-rotate-seal", silent)
    assert said.value.code is Exit.BUSY
    assert absent.done == busy.done == []


def test_each_line_of_a_job_is_reported_once() -> None:
    cluster, lines = Cluster(), list[str]()
    ended = vault_tasks.run(cluster, "vault-restore", lines.append, "check")
    assert lines == [f"job/{ended.job}: started", *ended.log]


def test_what_kubectl_complains_about_is_one_line(tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text('#!/bin/sh\necho "warning: x" >&2\necho "Error: no $3 there" >&2\nexit 1\n')
    program.chmod(0o755)
    with pytest.raises(IdpError, match=r"^kubectl get: Error: no get there$"):
        Kubectl(program, tmp_path / "config", "idp-vault").get("pods")
