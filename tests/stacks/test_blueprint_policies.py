"""The blueprint keeps its own rules: every layer of every environment file, judged as the pack judges it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pulumi
import pytest

import environments
from policies.catalogue import load
from policies.evaluate import Outcome, evaluate_resource, evaluate_stack
from policies.rule import Resource
from policies.settings import Settings
from stacks import layers

from .excusing import provider, refused, urn

IN_CLUSTER = (layers.PLATFORM, layers.WORKSPACES)
"""The layers with Kubernetes objects; `test_cloud_rules` has the others, and what AWS answers."""
CATALOGUE = load()
ENVIRONMENTS = {name: environments.load(name) for name in environments.names()}
STACKS = [
    f"{name}.{layer}" for name, found in ENVIRONMENTS.items() for layer in layers.of(found) if layer in IN_CLUSTER
]

every_stack = pytest.mark.parametrize("stack", STACKS)


@every_stack
def test_the_blueprint_keeps_its_own_rules(run_stack: Callable[[str], Any], stack: str) -> None:
    run = run_stack(stack)
    assert run.made
    broken, unused = refused(stack, _outcomes(run, stack))
    assert not broken, "\n" + "\n".join(broken)
    assert not unused


@every_stack
def test_rules_look_at_the_blueprint(run_stack: Callable[[str], Any], stack: str) -> None:
    """A token that no rule knows would be judged by none: in the cluster each kind is judged by one of its own."""
    judged = {rule.id for args in run_stack(stack).objects for rule, _ in CATALOGUE.for_type(args.typ)}
    if stack.endswith((".platform", ".workspaces")):
        assert judged >= {"container_resources", "namespace_default", "namespace_pod_security", "rbac_wildcard"}


def _outcomes(run: Any, stack: str) -> Iterator[Outcome]:  # noqa: ANN401 - the fixture's own type has no import
    settings = Settings(registries=tuple(ENVIRONMENTS[stack.partition(".")[0]].platform.registries))
    for args in run.made:
        yield from evaluate_resource(CATALOGUE, _resource(stack, args, args.inputs, settings))
    states = [_resource(stack, args, state, settings) for args, state in zip(run.made, run.states, strict=True)]
    yield from evaluate_stack(CATALOGUE, states)


def _resource(
    stack: str, args: pulumi.runtime.MockResourceArgs, props: Mapping[str, Any], settings: Settings
) -> Resource:
    made_by = provider(args.provider)
    return Resource(args.typ, args.name, dict(props), urn(stack, args.typ, args.name), made_by, settings=settings)
