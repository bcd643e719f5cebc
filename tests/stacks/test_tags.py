"""Whatever the foundation declares says whose it is: as AWS bills it, by tags."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pulumi
import pytest

import environments
from environments import Environment
from idp.loopback.provider import schema
from stacks import aws

Program = Callable[..., Any]
KINDS = {"instance", "volume", "network-interface"}
"""What EC2 Auto Scaling makes of a launch template."""

ENVIRONMENTS = [
    environment for environment in map(environments.load, environments.names()) if environment.foundation is not None
]
every_environment = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)


def wanted(environment: Environment) -> dict[str, str]:
    return {
        "owner": environment.owner,
        "environment": environment.name,
        "layer": "foundation",
        "cost-centre": environment.cost_centre,
    }


@cache
def described(token: str) -> schema.Schema:
    return schema.load("pulumi_aws", token)


def lacks(args: pulumi.runtime.MockResourceArgs, defaults: Mapping[str, str], tags: Mapping[str, str]) -> list[str]:
    """Return the tags that a resource would not have in AWS, or would have with another value."""
    if "tags" not in described(args.typ).inputs:
        return []
    # Default tags come to those types only that have `tagsAll`; a resource's own go before them.
    defaults = defaults if "tagsAll" in described(args.typ).outputs else {}
    carried = {**defaults, **(args.inputs.get("tags") or {})}
    return [key for key, value in tags.items() if carried.get(key) != value]


def test_there_are_environments_with_a_foundation() -> None:
    assert {environment.name for environment in ENVIRONMENTS} >= {"local", "dev", "staging", "prod"}


@every_environment
def test_each_resource_that_can_have_tags_has_them(run_stack: Program, environment: Environment) -> None:
    declared = run_stack(f"{environment.name}.foundation")
    [provider] = declared.of("pulumi:providers:aws")
    # The SDK sends a provider's configuration as text.
    defaults = json.loads(provider.inputs["defaultTags"])["tags"]
    assert declared.cloud
    for args in declared.cloud:
        assert lacks(args, defaults, wanted(environment)) == [], f"{args.typ} {args.name}"


@every_environment
def test_what_is_made_of_a_launch_template_has_them(run_stack: Program, environment: Environment) -> None:
    declared = run_stack(f"{environment.name}.foundation")
    templates = declared.of("aws:ec2/launchTemplate:LaunchTemplate")
    assert environment.foundation is not None
    assert len(templates) == len(environment.foundation.cluster.node_pools)
    for args in templates:
        listed = args.inputs["tagSpecifications"]
        assert {one["resourceType"] for one in listed} == KINDS
        assert len(listed) == len(KINDS)
        assert all(one["tags"] == wanted(environment) for one in listed), args.name


@every_environment
def test_the_tags_are_good_ones(environment: Environment) -> None:
    """Within AWS's limits (docs.aws.amazon.com/tag-editor: Tag naming limits and requirements)."""
    tags = aws.tags(environment)
    assert tags == wanted(environment)
    for key, value in tags.items():
        assert 0 < len(key) <= 128
        assert 0 < len(value) <= 256
        assert not key.startswith("aws:")
        assert all(letter.isalnum() or letter in " _.:/=+-@" for letter in key + value)


def test_the_check_sees_what_is_not_tagged() -> None:
    """It finds a provider without default tags, a tag of another value, and a type that default tags do not reach."""
    tags = {"owner": "platform"}

    def made(token: str, **inputs: Any) -> pulumi.runtime.MockResourceArgs:  # noqa: ANN401
        return pulumi.runtime.MockResourceArgs(token, "x", inputs)

    vpc, group, route = "aws:ec2/vpc:Vpc", "aws:autoscaling/group:Group", "aws:ec2/route:Route"
    assert lacks(made(vpc, tags={"Name": "x"}), {}, tags) == ["owner"]
    assert lacks(made(vpc, tags={"Name": "x"}), tags, tags) == []
    assert lacks(made(vpc, tags=tags), {}, tags) == []
    assert lacks(made(vpc, tags={"owner": "somebody"}), tags, tags) == ["owner"]
    assert lacks(made(group), tags, tags) == ["owner"]
    assert lacks(made(route), {}, tags) == []
