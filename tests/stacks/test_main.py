"""The one program: which layer it builds, and what it refuses."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pulumi
import pytest

import environments
from stacks import outputs
from stacks.layers import LAYERS

Program = Callable[..., Any]
ALL = [(name, layer) for name in environments.names() for layer in LAYERS]
every_stack = pytest.mark.parametrize(("name", "layer"), ALL, ids=lambda value: str(value))


@every_stack
def test_it_builds_the_layer_of_the_stacks_name(run_stack: Program, name: str, layer: str) -> None:
    kinds = {kind.LAYER: kind for kind in outputs.Outputs.__subclasses__()}
    run = run_stack(f"{name}.{layer}")
    assert set(run.outputs) == {field.name for field in fields(kinds[layer])}
    assert all(value is not None for value in run.outputs.values())


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        ("local", "stack: 'local' is not allowed: ENV.LAYER"),
        ("local.platfrom", "layer: 'platfrom' is not allowed: one of foundation, platform, secrets, workspaces"),
        ("nowhere.platform", "'nowhere' is not an environment"),
        (".platform", "stack: '.platform' is not allowed: ENV.LAYER"),
    ],
)
def test_it_refuses_in_one_line_and_declares_nothing(run_program: Program, stack: str, told: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run_program(stack)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pythons_own_modules_are_not_hidden_by_layers_of_the_same_name(run_program: Program) -> None:
    run_program("local.platform")
    own = sys.modules.pop("platform")
    try:
        found = importlib.import_module("platform")
    finally:
        sys.modules["platform"] = own
    assert found.__file__ == own.__file__
