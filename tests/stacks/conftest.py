"""Runs the one program of the project, as the engine does, on Pulumi's mocks."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pulumi
import pytest
from pulumi.runtime.settings import get_root_resource, set_root_resource
from pulumi.runtime.stack import Stack

PROGRAM = Path(__file__).resolve().parents[2] / "stacks" / "__main__.py"


BELOW = {"namespaces": ["idp-vault"], "workspace_priority_class": "as-exported"}
"""Outputs of the layers below."""


@dataclass
class Run(pulumi.runtime.Mocks):
    """What a program declared."""

    made: list[pulumi.runtime.MockResourceArgs] = field(default_factory=list)
    outputs: dict[str, object] = field(default_factory=dict)
    """What it exported, resolved."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, object]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": BELOW, "secretOutputNames": []}
        self.made.append(args)
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
        raise AssertionError(f"programs call no provider function: {args.token}")

    @property
    def objects(self) -> list[pulumi.runtime.MockResourceArgs]:
        """Kubernetes objects."""
        return [args for args in self.made if args.typ.startswith("kubernetes:")]


def _forget_stack() -> None:
    # Else the stack of the test before stays, with its name and its transformations.
    set_root_resource(None)  # type: ignore[arg-type]  # the SDK's getter says that it may be None


def _main() -> None:
    runpy.run_path(str(PROGRAM), run_name="__main__")


@pytest.fixture
def run_program(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Run]]:
    """Return a function that runs a program, `stacks/__main__.py` if none is given, as the stack of a name."""
    # As the engine starts it: with the program's folder first.
    monkeypatch.setattr(sys, "path", [str(PROGRAM.parent), *sys.path])

    def run(stack: str, program: Callable[[], object] = _main) -> Run:
        declared = Run()
        _forget_stack()
        pulumi.runtime.set_mocks(declared, project="idp", stack=stack)
        root = get_root_resource()

        # The decorator drains every registration before it returns.
        @pulumi.runtime.test  # type: ignore[untyped-decorator]  # as the SDK has it
        def drained() -> pulumi.Output[Any]:
            program()
            assert isinstance(root, Stack)
            return pulumi.Output.all(**root.outputs).apply(declared.outputs.update)

        drained()
        return declared

    yield run
    _forget_stack()


@pytest.fixture(scope="session")
def _runs() -> dict[str, Run]:
    return {}


@pytest.fixture
def run_stack(run_program: Callable[..., Run], _runs: dict[str, Run]) -> Callable[[str], Run]:
    """Return a function from a stack's name to what the program declares for it; each is run once for all tests."""

    def run(stack: str) -> Run:
        if stack not in _runs:
            _runs[stack] = run_program(stack)
        return _runs[stack]

    return run
