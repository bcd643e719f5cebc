"""Progress is fed with events as the engine writes them (shapes taken from its event log)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.automation.events import EngineEvent, OpType

from idp.engine.progress import STACK, Progress

URN = "urn:pulumi:local.platform::idp::idp:index:IsolatedNamespace$kubernetes:core/v1:Namespace::idp-vault"
STACK_URN = "urn:pulumi:local.platform::idp::pulumi:pulumi:Stack::idp-local.platform"
SECRET = "s3cr3t-in-the-clear"  # noqa: S105 - nothing opens with it


def fed(*events: dict[str, Any]) -> Progress:
    progress = Progress("platform")
    for number, event in enumerate(events):
        progress.add(EngineEvent.from_json({"sequence": number, "timestamp": 1, **event}))
    return progress


def metadata(op: str, urn: str = URN, token: str = "kubernetes:core/v1:Namespace", **more: object) -> dict[str, Any]:  # noqa: S107
    return {"metadata": {"op": op, "urn": urn, "type": token, "detailedDiff": None, "provider": "", **more}}


def outputs(op: str, urn: str = URN, **states: dict[str, Any]) -> dict[str, Any]:
    return {"resOutputsEvent": {"metadata": {**metadata(op, urn)["metadata"], **states}}}


def stack(old: dict[str, object] | None, new: dict[str, object]) -> dict[str, Any]:
    def state(values: dict[str, object]) -> dict[str, object]:
        return {"type": STACK, "urn": STACK_URN, "id": "", "parent": "", "inputs": {}, "outputs": values}

    more: dict[str, Any] = {"old": state(old)} if old is not None else {}
    return {"resOutputsEvent": metadata("same", STACK_URN, STACK, new=state(new), **more)}


def diagnostic(severity: str, message: str, **more: str) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": message, "color": "never", **more}}


def policy(level: str, message: str = "image is missing", urn: str | None = URN) -> dict[str, Any]:
    names = {"policyName": "resources", "policyPackName": "idp", "policyPackVersion": "0.1.0"}
    place = {"resourceUrn": urn} if urn else {}
    return {"policyEvent": {**names, **place, "message": message, "enforcementLevel": level, "color": "never"}}


QUIET = {OpType.SAME, OpType.READ, OpType.REFRESH}


@pytest.mark.parametrize("op", list(OpType), ids=lambda op: op.value)
def test_what_counts_as_a_change(op: OpType) -> None:
    progress = fed({"resourcePreEvent": metadata(op.value)}, outputs(op.value))
    expected = {} if op in QUIET else {op.value: 1}
    assert dict(progress.changes) == expected
    assert progress.current == ("" if op in QUIET else f"{op.value} idp-vault")


@given(st.lists(st.tuples(st.sampled_from(list(OpType)), st.sampled_from("abcd"), st.integers(1, 3))))
def test_each_operation_on_a_resource_counts_once(events: list[tuple[OpType, str, int]]) -> None:
    progress = fed(*(outputs(op.value, urn=f"urn::{name}") for op, name, times in events for _ in range(times)))
    expected = {(op.value, name) for op, name, _ in events if op not in QUIET}
    assert {(step.op, step.name) for step in progress.steps} == expected
    assert sum(progress.changes.values()) == len(expected)


def test_a_failed_step_is_told_apart() -> None:
    progress = fed({"resOpFailedEvent": {**metadata("create"), "status": 0, "steps": 1}})
    (step,) = progress.steps
    assert step.failed
    assert step.name == "idp-vault"


def test_unchanged_resources_come_from_the_summary() -> None:
    summary = {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": {"same": 25, "create": 2}}
    assert fed({"summaryEvent": {**summary, "PolicyPacks": {}}}).same == 25


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ({"a": 1}, {"a": 1}, False),
        ({}, {}, False),
        (None, {}, False),
        ({"a": 1}, {"a": 2}, True),
        ({"a": 1}, {}, True),
        ({}, {"a": 1}, True),
        (None, {"a": 1}, True),
    ],
)
def test_outputs_changed(old: dict[str, object] | None, new: dict[str, object], changed: bool) -> None:
    progress = fed(stack(old, new))
    assert progress.outputs_changed is changed
    assert progress.outputs == new


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("<{%fg 1%}>boom<{%reset%}>\n", "boom"),
        ("a <{%bold%}>b<{%reset%}> c", "a b c"),
        ("1 <{ 2 %}> 3", "1 <{ 2 %}> 3"),
    ],
)
def test_colour_commands_are_removed(raw: str, plain: str) -> None:
    progress = fed(diagnostic("error", raw), policy("mandatory", raw))
    assert progress.errors == [plain]
    assert progress.violations[0].message == plain


def test_an_error_names_its_resource() -> None:
    assert fed(diagnostic("error", "boom", urn=URN)).errors == ["idp-vault: boom"]


@pytest.mark.parametrize("severity", ["debug", "info", "info#err", "warning"])
def test_only_errors_are_errors(severity: str) -> None:
    # Debug messages hold secrets in the clear.
    progress = fed(diagnostic(severity, f"registering resource: password={SECRET}"))
    assert SECRET not in str(dataclasses.asdict(progress))


TRACEBACK = 'Program failed with an unhandled exception:\nTraceback (most recent call last):\n  File "a.py", line 1\n'
INVOKE = "Exception: invoke of aws:eks/getCluster:getCluster failed: "


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (f"{TRACEBACK}{INVOKE}invocation of aws:eks/getCluster:getCluster returned an error: no such\n", "no such"),
        (f"{TRACEBACK}{INVOKE}it is gone (b)", "it is gone (b)"),
        (f"{TRACEBACK}{INVOKE}two\nlines", "two\nlines"),
        # An error of the program itself: where it is in the code is what one needs.
        (f"{TRACEBACK}KeyError: 'port'", f"{TRACEBACK}KeyError: 'port'"),
    ],
)
def test_what_a_provider_s_function_says_comes_without_the_sdk_s_traceback(message: str, told: str) -> None:
    assert fed(diagnostic("error", message)).errors == [told]


def test_an_empty_error_says_nothing() -> None:
    assert fed(diagnostic("error", "<{%reset%}>\n")).errors == []


def test_properties_of_resources_are_not_kept() -> None:
    state = {"type": "t", "urn": URN, "id": "", "parent": "", "inputs": {"data": SECRET}, "outputs": {"data": SECRET}}
    pre = {"resourcePreEvent": metadata("update", old=state, new=state)}
    progress = fed(pre, outputs("update", old=state, new=state))
    assert progress.steps
    assert SECRET not in str(dataclasses.asdict(progress))


@pytest.mark.parametrize(("level", "mandatory"), [("mandatory", True), ("advisory", False), ("warning", False)])
def test_violations(level: str, mandatory: bool) -> None:
    # The engine repeats a violation in the update after the preview of one run.
    (violation,) = fed(policy(level), policy(level)).violations
    assert violation.mandatory is mandatory
    assert (violation.policy, violation.urn) == ("resources", URN)


def test_a_violation_of_the_whole_stack_has_no_resource() -> None:
    assert fed(policy("mandatory", urn=None)).violations[0].urn is None


@pytest.mark.parametrize(
    "event",
    [
        {"policyLoadEvent": {}},
        {"preludeEvent": {"config": {"pulumi:disable-default-providers": '["*"]'}}},
        {"policyAnalyzeSummaryEvent": {"resourceUrn": URN, "policyPackName": "idp", "passed": ["resources"]}},
        {"cancelEvent": {}},
        {"stdoutEvent": {"message": "hello", "color": "never"}},
    ],
    ids=lambda event: next(iter(event)),
)
def test_other_events_are_passed_over(event: dict[str, Any]) -> None:
    assert dataclasses.asdict(fed(event)) == dataclasses.asdict(Progress("platform"))
