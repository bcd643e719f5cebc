"""Typed outputs, from one stack to the next, on Pulumi's mocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pulumi
import pytest

from stacks import outputs
from stacks.outputs import Outputs, PlatformOutputs

KINDS = Outputs.__subclasses__()
each = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.LAYER)


class Below(pulumi.runtime.Mocks):
    """Another stack, with these outputs."""

    def __init__(self, exported: dict[str, object]) -> None:
        self.exported = exported
        self.asked: list[str] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, object]]:
        assert args.typ == "pulumi:pulumi:StackReference"
        self.asked.append(args.name)
        return "id", {"name": args.name, "outputs": self.exported, "secretOutputNames": ["token"]}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, object], list[tuple[str, str]] | None]:
        raise AssertionError(args.token)


def run(below: Below, program: Callable[[], Any]) -> None:
    """Run a program; what its outputs raise is raised here."""
    pulumi.runtime.set_mocks(below, project="idp", stack="test.workspaces")
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # the SDK has no types there


def values(kind: type[Outputs]) -> dict[str, object]:
    return {field.name: [f"{field.name}-1"] for field in fields(kind)}


@each
def test_what_a_layer_exports_the_next_one_reads(kind: type[Outputs]) -> None:
    below = Below(values(kind))
    seen: dict[str, object] = {}

    def program() -> pulumi.Output[Any]:
        found = outputs.read(kind, "test")
        return pulumi.Output.all(**{field.name: getattr(found, field.name) for field in fields(kind)}).apply(
            seen.update
        )

    run(below, program)
    assert seen == values(kind)
    assert below.asked == [f"organization/idp/test.{kind.LAYER}"]


@pytest.mark.parametrize(
    ("kind", "missing"), [(kind, field.name) for kind in KINDS for field in fields(kind)], ids=lambda value: str(value)
)
def test_a_missing_output_fails_by_its_name(kind: type[Outputs], missing: str) -> None:
    there = {name: value for name, value in values(kind).items() if name != missing}
    with pytest.raises(pulumi.RunError, match=f"^test.{kind.LAYER}: output '{missing}' is missing"):
        run(Below(there), lambda: getattr(outputs.read(kind, "test"), missing))


def test_a_secret_stays_one() -> None:
    seen: list[bool] = []

    def program() -> pulumi.Output[None]:
        reference = pulumi.StackReference("organization/idp/test.platform")
        secret: pulumi.Output[bool] = pulumi.Output.from_input(reference.require_output("token").is_secret())
        return secret.apply(seen.append)

    run(Below({"token": "x"}), program)
    assert seen == [True]


@each
def test_every_output_is_exported_under_its_name(kind: type[Outputs], monkeypatch: pytest.MonkeyPatch) -> None:
    exported: dict[str, object] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    made = kind(**{field.name: field.name for field in fields(kind)})
    outputs.export(made)
    assert exported == {field.name: field.name for field in fields(kind)}
    assert exported


def test_outputs_name_all_their_fields_when_they_are_made() -> None:
    with pytest.raises(TypeError, match="workspace_priority_class"):
        PlatformOutputs(namespaces=pulumi.Output.from_input([]))  # type: ignore[call-arg]  # what is tested
