"""The blueprint keeps its own rules: every layer of every environment file, judged as the pack judges it."""

from __future__ import annotations

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
EXEMPT = {
    (
        "local",
        "image_digest",
    ): "images of `idp.local/` come from no registry: `idp` builds them and puts them on the node",
}
"""Environment and rule -> why its resources need not keep it."""

every_stack = pytest.mark.parametrize("stack", STACKS)


@every_stack
def test_the_blueprint_keeps_its_own_rules(run_stack: Callable[[str], Any], stack: str) -> None:
    environment = stack.partition(".")[0]
    run = run_stack(stack)
    assert run.made
    broken = [text(outcome) for outcome in _outcomes(run, stack) if (environment, outcome.rule.id) not in EXEMPT]
    assert not broken, "\n" + "\n".join(sorted(broken))


@pytest.mark.parametrize(("environment", "rule"), EXEMPT)
def test_nothing_is_exempt_that_keeps_the_rule(run_stack: Callable[[str], Any], environment: str, rule: str) -> None:
    found = [
        outcome.rule.id
        for stack in STACKS
        if stack.startswith(f"{environment}.")
        for outcome in _outcomes(run_stack(stack), stack)
    ]
    assert rule in found


@every_stack
def test_rules_look_at_the_blueprint(run_stack: Callable[[str], Any], stack: str) -> None:
    """A token that no rule knows would be judged by none: in the cluster each kind is judged by one of its own."""
    judged = {rule.id for args in run_stack(stack).objects for rule, _ in CATALOGUE.for_type(args.typ)}
    if stack.endswith((".platform", ".workspaces")):
        assert judged >= {"container_resources", "namespace_default", "namespace_pod_security", "rbac_wildcard"}


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
