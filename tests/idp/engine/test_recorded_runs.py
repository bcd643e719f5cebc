"""Progress over whole runs, as a real engine told them.

`recorded/` holds event logs of pulumi 3.259.0 over a program of a provider, a component, a ConfigMap, a plain output
and a secret one (`hunter2`). Of the debug messages only one is kept, which has the secret in the clear.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from idp.engine.layer import Result
from idp.engine.progress import Progress

RECORDED = Path(__file__).parent / "recorded"
RUNS = sorted(file.stem for file in RECORDED.glob("*.jsonl"))


def recorded(run: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RECORDED / f"{run}.jsonl").read_text().splitlines()]


def fed(events: Iterable[dict[str, Any]]) -> Progress:
    progress = Progress("platform")
    for event in events:
        progress.add(EngineEvent.from_json(event))
    return progress


@pytest.mark.parametrize(
    ("run", "changes", "same"),
    [
        ("create", {"create": 4}, 0),
        ("same", {}, 4),
        ("outputs", {}, 4),
        ("replace", {"create-replacement": 1, "replace": 1, "delete-replaced": 1}, 3),
        ("destroy", {"delete": 5}, 0),
        ("refused", {}, 4),
        ("failed", {"create": 2}, 4),
    ],
)
def test_changes_are_counted_by_kind(run: str, changes: dict[str, int], same: int) -> None:
    progress = fed(recorded(run))
    assert progress.changes == changes
    assert progress.same == same


@pytest.mark.parametrize(
    ("run", "outputs", "anything"),
    [
        ("same", False, False),
        ("outputs", True, True),
        ("replace", False, True),
        ("create", True, True),
        # The engine masks old and new alike: nothing in its events tells that a secret output has another value.
        ("secret", False, False),
    ],
)
def test_changed_outputs_are_told_from_changed_resources(run: str, outputs: bool, anything: bool) -> None:
    progress = fed(recorded(run))
    assert progress.outputs_changed is outputs
    assert Result("platform", "preview", True, 1.0, progress).changed is anything


@pytest.mark.parametrize(("run", "address"), [("create", "a.idp.test"), ("outputs", "b.idp.test")])
def test_outputs_are_what_the_stack_exports_with_secrets_masked(run: str, address: str) -> None:
    assert fed(recorded(run)).outputs == {"address": address, "password": "[secret]"}


def test_a_secret_inside_a_list_or_an_object_is_masked_too() -> None:
    [stack] = [event for event in recorded("create") if "password" in json.dumps(event.get("resOutputsEvent"))]
    new = stack["resOutputsEvent"]["metadata"]["new"]
    secret = new["outputs"]["password"]
    new["outputs"] = {"logins": [{"name": "a", "password": secret}, secret]}
    assert fed([stack]).outputs == {"logins": [{"name": "a", "password": "[secret]"}, "[secret]"]}


@pytest.mark.parametrize("run", [run for run in RUNS if run != "destroy"])
def test_no_secret_of_the_debug_messages_is_kept(run: str) -> None:
    events = recorded(run)
    assert "hunter" in json.dumps(events)
    assert "hunter" not in json.dumps(vars(fed(events)), default=vars)


@pytest.mark.parametrize("run", RUNS)
def test_an_event_told_twice_is_one_step_and_one_violation(run: str) -> None:
    once = fed(recorded(run))
    twice = fed(event for event in recorded(run) for _ in range(2))
    assert (twice.steps, twice.violations, twice.same) == (once.steps, once.violations, once.same)


def test_a_failed_operation_is_a_step_that_failed_and_an_error_that_names_the_resource() -> None:
    progress = fed(recorded("failed"))
    assert [(step.op, step.name) for step in progress.steps if step.failed] == [("create", "three")]
    assert any(error.startswith("three: failed to write YAML file") for error in progress.errors)


def test_a_broken_program_is_an_error_with_its_cause() -> None:
    [error] = fed(recorded("crash")).errors
    assert "KeyError: 'port'" in error


def test_violations_tell_the_policy_its_level_and_the_resource() -> None:
    progress = fed(recorded("refused"))
    assert [(found.policy, found.mandatory) for found in progress.violations] == [("hard", True), ("soft", False)]
    for violation in progress.violations:
        assert violation.urn is not None
        assert violation.urn.endswith("::one")
        assert violation.message.endswith("name is 'one'\nremedy: another")
    assert Result("platform", "preview", False, 1.0, progress).refused


def test_advice_alone_refuses_nothing() -> None:
    events = [event for event in recorded("refused") if event.get("policyEvent", {}).get("policyName") != "hard"]
    progress = fed(events)
    assert [violation.policy for violation in progress.violations] == ["soft"]
    assert not Result("platform", "preview", True, 1.0, progress).refused


def test_what_is_worked_on_is_said_while_it_is() -> None:
    progress = Progress("platform")
    said = []
    for event in recorded("create"):
        progress.add(EngineEvent.from_json(event))
        said.append(progress.current)
    assert list(dict.fromkeys(said)) == ["", "create idp-t.platform", "create cluster", "create one"]
