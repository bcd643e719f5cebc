"""The rules about AWS and Vault find nothing in what the blueprint declares there, but what is listed here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pytest

import environments
from environments import Environment
from idp.loopback.provider import schema
from policies.catalogue import load
from policies.evaluate import Outcome, evaluate_resource, evaluate_stack
from policies.plain import UNKNOWN, Plain
from policies.report import refuses, text
from policies.rule import NotYetKnown, Resource
from stacks import foundation, secrets
from stacks.layers import FOUNDATION, SECRETS

from .excusing import provider, refused, urn

Program = Callable[..., Any]
SIGNATURE, UNWRAPPED = "4dabf18193072939515e22adb298388d", "value"
"""How the engine is told that a value is a secret; a policy sees it as it is."""

CATALOGUE = load()
ENVIRONMENTS = [environments.load(name) for name in environments.names()]
every_environment = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)

_seen: dict[tuple[str, str], list[Resource]] = {}
"""What was declared already: a program runs for seconds."""


def _plain(value: Any) -> Plain:  # noqa: ANN401 - what a mock is given
    if isinstance(value, Mapping):
        if SIGNATURE in value:
            return _plain(value[UNWRAPPED])
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    assert value is None or isinstance(value, str | bool | int | float)
    return value


def _declared(run_program: Program, environment: Environment, layer: str) -> list[Resource]:
    """Return what a layer declares, as the engine shows it to the policies: with ids and all tags."""
    key = environment.name, layer
    if key not in _seen:
        _seen[key] = _run(run_program, environment, layer)
    return _seen[key]


def _run(run_program: Program, environment: Environment, layer: str) -> list[Resource]:
    protected: dict[tuple[str, str], bool] = {}

    def remember(args: pulumi.ResourceTransformationArgs) -> None:
        protected[args.type_, args.name] = bool(args.opts.protect)

    def program() -> None:
        pulumi.runtime.register_stack_transformation(remember)
        (foundation if layer == FOUNDATION else secrets).build(environment)

    run = run_program(f"{environment.name}.{layer}", program)
    defaults = {}
    stack = f"{environment.name}.{layer}"
    for args in run.of("pulumi:providers:aws"):
        defaults = json.loads(args.inputs["defaultTags"])["tags"]
    return [_resource(stack, args, defaults, protected) for args in run.made]


def _resource(
    stack: str,
    args: pulumi.runtime.MockResourceArgs,
    defaults: Mapping[str, str],
    protected: Mapping[tuple[str, str], bool],
) -> Resource:
    props = {str(key): _plain(value) for key, value in args.inputs.items()}
    props["id"] = f"{args.name}-id"
    if args.typ.startswith("aws:") and "tagsAll" in schema.load("pulumi_aws", args.typ).outputs:
        props["tagsAll"] = {**defaults, **(args.inputs.get("tags") or {})}
    protect = protected.get((args.typ, args.name), False)
    made_by = provider(args.provider)
    return Resource(args.typ, args.name, props, urn(stack, args.typ, args.name), made_by, protect=protect)


def _outcomes(resources: Sequence[Resource]) -> list[Outcome]:
    found = [outcome for resource in resources for outcome in evaluate_resource(CATALOGUE, resource)]
    return [*found, *evaluate_stack(CATALOGUE, resources)]


@every_environment
@pytest.mark.parametrize("layer", [FOUNDATION, SECRETS])
def test_the_blueprint_breaks_no_rule(run_program: Program, environment: Environment, layer: str) -> None:
    resources = _declared(run_program, environment, layer)
    assert len(resources) > 10
    outcomes = _outcomes(resources)
    broken, unused = refused(f"{environment.name}.{layer}", outcomes)
    assert not broken, "\n" + "\n".join(broken)
    assert not unused
    # Everything is known here, as it is after an update: no rule may still wait for something.
    assert [text(one) for one in outcomes if isinstance(one.finding, NotYetKnown)] == []


MISSING = {
    "ecr_lifecycle": "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "s3_access_logs": "aws:s3/bucketLogging:BucketLogging",
    "s3_encryption": "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "s3_public_access": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "s3_tls": "aws:s3/bucketPolicy:BucketPolicy",
    "s3_versioning": "aws:s3/bucketVersioning:BucketVersioning",
    "vault_audit": "vault:index/audit:Audit",
    "vpc_default_security_group": "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "vpc_flow_logs": "aws:ec2/flowLog:FlowLog",
}
"""Rule -> what it misses once it is taken away."""


@pytest.mark.parametrize("rule", MISSING)
def test_what_is_taken_away_is_missed(run_program: Program, rule: str) -> None:
    layer = SECRETS if rule.startswith("vault_") else FOUNDATION
    resources = _declared(run_program, environments.load("dev"), layer)
    left = [one for one in resources if one.type != MISSING[rule]]
    assert len(left) < len(resources)
    found = [one for one in evaluate_stack(CATALOGUE, left) if refuses(one)]
    assert rule in {one.rule.id for one in found}


def test_nodes_in_public_subnets_are_found(run_program: Program) -> None:
    resources = _declared(run_program, environments.load("dev"), FOUNDATION)
    public = [one.props["id"] for one in resources if one.type.endswith(":Subnet") and "-public-" in one.name]
    assert len(public) == 3
    moved = [
        replace(one, props={**one.props, "subnetIds": public[:1]}) if one.type.endswith(":NodeGroup") else one
        for one in resources
    ]
    assert {one.rule.id for one in evaluate_stack(CATALOGUE, moved)} == {"eks_private_nodes"}


def test_a_preview_waits_for_what_aws_answers(run_program: Program) -> None:
    """Ids are not known before the update: rules that compare them say so, and refuse nothing."""
    resources = _declared(run_program, environments.load("dev"), FOUNDATION)
    hidden = [replace(one, props=_without_ids(one.props)) for one in resources]
    outcomes = list(evaluate_stack(CATALOGUE, hidden))
    assert [text(one) for one in outcomes if refuses(one)] == []
    assert {one.rule.id for one in outcomes} >= {"vpc_flow_logs", "vpc_default_security_group", "eks_private_nodes"}


def _without_ids(props: Mapping[str, Plain]) -> dict[str, Plain]:
    return {key: _hidden(value) for key, value in props.items()}


def _hidden(value: Plain) -> Plain:
    if isinstance(value, dict):
        return _without_ids(value)
    if isinstance(value, list):
        return [_hidden(one) for one in value]
    return UNKNOWN if isinstance(value, str) and value.endswith("-id") else value
