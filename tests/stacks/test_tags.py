"""Whatever the foundation declares says whose it is: as AWS bills it, by tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pulumi
import pytest

import environments
from environments import Environment
from idp.loopback.provider import schema
from stacks import aws, foundation

KINDS = {"instance", "volume", "network-interface"}
"""What EC2 Auto Scaling makes of a launch template."""

ENVIRONMENTS = [
    environment for environment in map(environments.load, environments.names()) if environment.foundation is not None
]
every_environment = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)


class Declared(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.made: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made.append(args)
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"a foundation of its own calls no provider function: {args.token}")

    def of(self, token: str) -> list[pulumi.runtime.MockResourceArgs]:
        return [args for args in self.made if args.typ == token]


def declare(environment: Environment) -> Declared:
    declared = Declared()
    # In a preview, what AWS would compute is unknown, as it is on a first preview; else it would be None.
    pulumi.runtime.set_mocks(declared, project="idp", stack=f"{environment.name}.foundation", preview=True)

    # The decorator drains every registration before it returns.
    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # as the SDK has it
    def program() -> None:
        foundation.build(environment)

    program()
    return declared


@cache
def declared_by(name: str) -> Declared:
    return declare(environments.load(name))


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
    assert {environment.name for environment in ENVIRONMENTS} >= {"dev", "staging", "prod"}


@every_environment
def test_each_resource_that_can_have_tags_has_them(environment: Environment) -> None:
    declared = declared_by(environment.name)
    [provider] = declared.of("pulumi:providers:aws")
    # The SDK sends a provider's configuration as text.
    defaults = json.loads(provider.inputs["defaultTags"])["tags"]
    resources = [args for args in declared.made if args.typ.startswith("aws:")]
    assert len(resources) > 80
    for args in resources:
        assert "pulumi:providers:aws::account::" in args.provider, args.name
        assert lacks(args, defaults, wanted(environment)) == [], f"{args.typ} {args.name}"


@every_environment
def test_what_is_made_of_a_launch_template_has_them(environment: Environment) -> None:
    declared = declared_by(environment.name)
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
