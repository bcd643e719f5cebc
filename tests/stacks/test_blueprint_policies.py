"""The blueprint keeps its own rules: every layer of every environment file, judged as the pack judges it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pulumi
import pytest

import environments
from policies.catalogue import load
from policies.evaluate import Outcome, evaluate_resource, evaluate_stack
from policies.report import text
from policies.rule import Provider, Resource
from policies.settings import Settings
from stacks import layers

CATALOGUE = load()
ENVIRONMENTS = {name: environments.load(name) for name in environments.names()}
STACKS = [f"{name}.{layer}" for name, found in ENVIRONMENTS.items() for layer in layers.of(found)]
every_stack = pytest.mark.parametrize("stack", STACKS)


@every_stack
def test_the_blueprint_keeps_its_own_rules(run_stack: Callable[[str], Any], stack: str) -> None:
    broken = [text(outcome) for outcome in _outcomes(run_stack(stack), stack)]
    assert not broken, "\n" + "\n".join(sorted(broken))


def _outcomes(run: Any, stack: str) -> Iterator[Outcome]:  # noqa: ANN401 - the fixture's own type has no import
    settings = Settings(registries=tuple(ENVIRONMENTS[stack.partition(".")[0]].platform.registries))
    for args in run.made:
        yield from evaluate_resource(CATALOGUE, _resource(args, args.inputs, settings))
    states = [_resource(args, state, settings) for args, state in zip(run.made, run.states, strict=True)]
    yield from evaluate_stack(CATALOGUE, states)


def _resource(args: pulumi.runtime.MockResourceArgs, props: Mapping[str, Any], settings: Settings) -> Resource:
    return Resource(args.typ, args.name, dict(props), provider=_provider(args.provider), settings=settings)


def _provider(reference: str) -> Provider | None:
    """Return the provider of a reference, `URN::ID`."""
    if not reference:
        return None
    *_, token, name, _ = reference.split("::")
    return Provider(token.rpartition("$")[2], name)
