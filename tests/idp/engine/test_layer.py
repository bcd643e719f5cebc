"""The operations on one layer, over an engine in miniature."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from idp.engine import pending
from idp.engine.layer import Layers, Result, StackSummary
from idp.engine.progress import Progress
from idp.engine.settings import EngineSettings

from .conftest import Backend
from .fake import SECRET, FakeEngine

STACK = "local.platform"
URN = "urn:pulumi:local.platform::idp::kubernetes:core/v1:Namespace::a"
PENDING: dict[str, Any] = {
    "resource": {
        "urn": URN,
        "type": "kubernetes:core/v1:Namespace",
        "custom": True,
        "inputs": {"metadata": {"name": "a"}},
    },
    "type": "creating",
}


@dataclass(frozen=True)
class Bench:
    engine: FakeEngine
    layers: Layers
    settings: EngineSettings

    def run(self, action: str, **options: bool) -> Result:
        result = getattr(self.layers, action)(Progress("platform"), **options)
        assert isinstance(result, Result)
        return result


@pytest.fixture
def bench(backend: Backend, work: Path) -> Bench:
    engine = FakeEngine.at(work.parent / "engine")
    return Bench(engine, Layers(backend.settings, engine.command), backend.settings)


def test_summaries_are_of_this_environment_only(bench: Bench) -> None:
    bench.engine.stand(STACK, "local-2.platform", "dev.platform")
    assert bench.layers.summaries() == {"platform": StackSummary("2026-11-23T16:33:06.595000", 4)}


def test_a_stack_that_was_never_updated_has_no_time_and_no_resources(bench: Bench) -> None:
    bench.layers.create("platform")
    assert bench.layers.summaries() == {"platform": StackSummary(None, 0)}


def test_a_stack_is_created_with_the_environments_secrets_provider(bench: Bench) -> None:
    bench.layers.create("platform")
    [args] = bench.engine.calls("stack init")
    assert args[args.index("--secrets-provider") + 1] == "passphrase"
    assert STACK in args


def test_a_stack_is_removed(bench: Bench) -> None:
    bench.engine.stand(STACK)
    bench.layers.remove("platform")
    assert bench.engine.stacks() == {}


def test_outputs_never_ask_for_secrets_in_the_clear(bench: Bench) -> None:
    bench.engine.stand(STACK)
    assert bench.layers.outputs("platform") == {"address": "a.idp.test", "password": "[secret]"}
    assert not any("--show-secrets" in args for args in bench.engine.calls())


def test_a_layer_without_a_stack_has_no_outputs(bench: Bench) -> None:
    assert bench.layers.outputs("platform") is None


@pytest.mark.parametrize("action", ["preview", "up", "destroy"])
@pytest.mark.parametrize(("run", "changes"), [("same", 0), ("create", 4)])
def test_a_run_is_told_by_its_events(bench: Bench, action: str, run: str, changes: int) -> None:
    bench.engine.stand(STACK)
    bench.engine.plan(action, run=run)
    result = bench.run(action)
    assert (result.layer, result.action, result.ok) == ("platform", action, True)
    assert result.changed is bool(changes)
    assert sum(result.progress.changes.values()) == changes
    assert result.seconds > 0


@pytest.mark.parametrize("action", ["up", "destroy"])
@pytest.mark.parametrize("refresh", [True, False])
def test_refresh_is_passed_on(bench: Bench, action: str, refresh: bool) -> None:
    bench.engine.stand(STACK)
    bench.run(action, refresh=refresh)
    [args] = bench.engine.calls(action)
    assert ("--refresh" in args) is refresh


@pytest.mark.parametrize(
    ("run", "refused", "told"), [("refused", True, "preview failed"), ("crash", False, "KeyError: 'port'")]
)
def test_a_failure_that_events_tell_of_is_told_once(bench: Bench, run: str, refused: bool, told: str) -> None:
    bench.engine.stand(STACK)
    bench.engine.plan("preview", run=run, code=255, stderr="error: preview failed")
    result = bench.run("preview")
    assert not result.ok
    assert result.refused is refused
    [error] = result.progress.errors
    assert told in error


def test_a_failure_that_no_event_tells_of_has_the_engines_own_word(bench: Bench) -> None:
    bench.engine.stand(STACK)
    bench.engine.plan("up", run=None, code=255, stderr="error: it does not start")
    result = bench.run("up")
    assert not result.ok
    assert result.progress.errors == ["it does not start"]


@pytest.mark.parametrize("action", ["preview", "up", "destroy"])
@pytest.mark.parametrize("run", ["create", "refused", "crash", "failed"])
def test_no_secret_reaches_the_result(bench: Bench, action: str, run: str) -> None:
    bench.engine.stand(STACK)
    bench.engine.plan(action, run=run, code=0 if run == "create" else 255)
    result = bench.run(action)
    assert result.progress.same or result.progress.steps
    assert SECRET not in json.dumps(vars(result.progress), default=vars)


PREFIX = "urn:pulumi:local.platform::idp::idp:index:Keys$aws:kms/key:Key::"
KEPT = [{"urn": f"{PREFIX}a", "protect": True}, {"urn": f"{PREFIX}b"}, {"urn": f"{PREFIX}c", "protect": False}]


@pytest.mark.parametrize(
    ("resources", "names"), [(KEPT, ["a"]), (KEPT[1:], []), ([], []), (None, [])], ids=lambda value: str(value)[:9]
)
def test_what_is_protected_is_told_by_name_and_unprotected_if_there_is_any(
    bench: Bench, resources: list[dict[str, Any]] | None, names: list[str]
) -> None:
    bench.engine.stand(STACK)
    bench.engine.plan("stack export", state=json.dumps({"version": 3, "deployment": {"resources": resources}}))
    assert bench.layers.protected("platform") == names
    assert bench.engine.calls("state") == []
    bench.layers.unprotect("platform")
    told = [args[1:] for args in bench.engine.calls("state")]
    assert told == ([["state", "unprotect", "--all", "--yes", "--stack", STACK]] if names else [])


def test_settle_claims_what_was_begun_and_looks_whether_it_exists(bench: Bench) -> None:
    bench.engine.stand(STACK)
    bench.engine.plan(
        "stack export",
        state=json.dumps({"version": 3, "deployment": {"resources": [], "pending_operations": [PENDING]}}),
    )
    bench.layers.settle("platform")
    imported = json.loads((bench.engine.folder / "imported").read_text())
    assert imported["version"] == 3
    assert imported["deployment"]["pending_operations"] == []
    assert [(found["urn"], found["id"]) for found in imported["deployment"]["resources"]] == [(URN, "a")]
    assert [args[1] for args in bench.engine.calls()] == ["stack", "stack", "refresh"]
    assert not pending.pending(bench.settings, "platform")


def test_settle_without_anything_begun_only_looks(bench: Bench) -> None:
    bench.engine.stand(STACK)
    bench.layers.settle("platform")
    assert [args[1:3] for args in bench.engine.calls()] == [["stack", "export"], ["refresh", "--yes"]]


@pytest.mark.parametrize("verb", ["stack export", "stack import", "refresh"])
def test_settle_broken_off_anywhere_is_done_again(bench: Bench, backend: Backend, verb: str) -> None:
    bench.engine.stand(STACK)
    state = json.dumps({"version": 3, "deployment": {"pending_operations": [PENDING]}})
    backend.checkpoint("platform", {"pending_operations": [PENDING]})
    bench.engine.plan("stack export", state=state)
    bench.engine.plan(verb, state=state, code=255, stderr="error: broken off")
    with pytest.raises(CommandError, match="broken off"):
        bench.layers.settle("platform")
    if verb == "refresh":
        # As the import has left it: nothing in the state tells any more that it claims too much.
        backend.checkpoint("platform", {"pending_operations": []})
    assert pending.pending(bench.settings, "platform")
    bench.engine.plan(verb, state=state)
    bench.layers.settle("platform")
    backend.checkpoint("platform", {"pending_operations": []})
    assert not pending.pending(bench.settings, "platform")


def test_nothing_of_a_state_is_left_behind_by_settle(bench: Bench, work: Path) -> None:
    bench.engine.stand(STACK)
    bench.engine.plan("stack export", state=json.dumps({"version": 3, "deployment": {"pending_operations": [PENDING]}}))
    before = {path.name for path in work.iterdir()}
    bench.layers.settle("platform")
    assert {path.name for path in work.iterdir()} - before <= {"logs", "unsettled"}
