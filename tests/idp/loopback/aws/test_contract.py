"""Every row of the tables against botocore's models and the real SDK: nothing named that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import cast

import jmespath
import pytest
from botocore.model import StructureShape

from idp.loopback.aws import client, shapes
from idp.loopback.aws.client import Client, Credentials
from idp.loopback.aws.recorder import COMPLEMENTS, HANDLERS, wire
from idp.loopback.aws.tables import ROWS
from idp.loopback.provider import offers, schema
from idp.loopback.provider.decode import find
from idp.loopback.provider.table import BRACES, Call, If, Literal, Quirk, Row, Step, property_of, references

from .cases import CASES
from .engine import SERVICES

ROW = pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.type.rsplit(":", 1)[-1])
API = Client("eu-central-1", Credentials("x", "x"), {})

WANTED = """
ec2: Vpc Subnet InternetGateway Eip NatGateway RouteTable Route RouteTableAssociation VpcEndpoint FlowLog
  DefaultSecurityGroup SecurityGroup LaunchTemplate
vpc: SecurityGroupIngressRule SecurityGroupEgressRule
cloudwatch: LogGroup
iam: Role Policy RolePolicy RolePolicyAttachment OpenIdConnectProvider
kms: Key Alias
eks: Cluster Addon AccessEntry AccessPolicyAssociation PodIdentityAssociation NodeGroup
ecr: Repository LifecyclePolicy RepositoryPolicy PullThroughCacheRule
route53: Zone Record
acm: Certificate CertificateValidation
s3: Bucket BucketPublicAccessBlock BucketPolicy BucketServerSideEncryptionConfiguration BucketVersioning
  BucketLifecycleConfiguration BucketOwnershipControls BucketLogging
"""

NAMES = ("id", "account", "region", "nonce", "item")
FORCES_NEW = re.compile(r"forces? (a )?(new resource|replacement)|Forces new", re.IGNORECASE)


def _wanted() -> Iterator[str]:
    module = ""
    for word in WANTED.split():
        if word.endswith(":"):
            module = word[:-1]
        else:
            yield f"aws:{module}/{word[0].lower()}{word[1:]}:{word}"


def _steps(row: Row) -> Iterator[Step]:
    yield from (*row.create, *row.after, *row.read, *row.update, *row.delete)


@cache
def _schema(token: str) -> schema.Schema:
    return schema.load("pulumi_aws", token)


def test_the_types_of_the_foundation_are_all_there() -> None:
    assert set(ROWS) == set(_wanted())


def test_each_type_has_a_case() -> None:
    assert {case.token for case in CASES} == set(ROWS)


@ROW
def test_operations_and_members_are_botocores(row: Row) -> None:
    for step in _steps(row):
        if isinstance(step, Quirk):
            continue
        shape = client.input_shape(row.service, step.operation)
        for name in step.members:
            assert shapes.member(shape, name) == name, f"{step.operation}.{name}"
        for name, template in step.members.items():
            _assert_members(cast("StructureShape", shape).members[name], template, f"{step.operation}.{name}")
        if step.within:
            assert step.within in cast("StructureShape", shape).members
        if step.pick:
            jmespath.compile(BRACES.sub("'x'", step.pick))


def _assert_members(shape: object, template: object, path: str) -> None:
    """Assert that nested templates name members of nested shapes."""
    if isinstance(template, If):
        _assert_members(shape, template.then, path)
        _assert_members(shape, template.otherwise, path)
    elif isinstance(template, list):
        for item in template:
            _assert_members(getattr(shape, "member", None), item, path)
    elif isinstance(template, dict) and template:
        assert isinstance(shape, StructureShape), path
        for name, inner in template.items():
            assert name in shape.members, f"{path}.{name}"
            _assert_members(shape.members[name], inner, f"{path}.{name}")


@ROW
def test_properties_are_the_sdks(row: Row) -> None:
    described = _schema(row.type)
    inputs, outputs = set(described.inputs), set(described.outputs)
    assert set(row.properties) - {"tagsAll"} <= inputs
    assert set(row.computed) <= outputs
    assert set(row.absent) <= outputs | inputs
    assert not set(row.computed) & set(row.absent)
    assert ("region" in inputs) == row.regional
    assert described.required <= set(row.properties)
    if row.autoname:
        assert row.autoname in row.properties
    assert set(row.unique) <= set(row.properties)


@ROW
def test_references_mean_something(row: Row) -> None:
    known = {*row.properties, *row.derived, *NAMES, *BRACES.findall(row.identity)}
    outputs = set(_schema(row.type).outputs)
    for step in _steps(row):
        templates = [*step.members.values(), step.each, step.needs, step.unless] if isinstance(step, Call) else []
        for template in templates:
            for reference in references(template):
                name = property_of(reference)
                assert name in known or (reference.startswith("state.") and name in outputs), reference
        assert set(step.on) <= set(row.properties)
    for template in (*row.derived.values(), *row.computed.values()):
        for reference in references(template):
            assert property_of(reference) in known


@ROW
def test_each_property_goes_somewhere(row: Row) -> None:
    """No property is taken and then forgotten: a creation or an update carries it, or the provider uses it itself."""
    carried = offers.carried(API, row)
    updated = {name for step in row.update for name in step.on}
    used = {
        property_of(reference)
        for step in _steps(row)
        if isinstance(step, Call)
        for template in (*step.members.values(), step.each, step.needs, step.unless)
        for reference in references(template)
    }
    used |= {property_of(reference) for template in row.derived.values() for reference in references(template)}
    for name, prop in row.properties.items():
        if not prop.local:
            # A wait knows of things that no request carries.
            assert name in carried | updated | used or row.type.endswith(":CertificateValidation"), name
        elif name != "tags":
            assert name in used or any(isinstance(step, Quirk) for step in _steps(row)), name


@ROW
def test_each_updated_property_reaches_its_call(row: Row) -> None:
    for step in row.update:
        if isinstance(step, Quirk):
            continue
        mentioned = {*offers.mentioned(step), *_of_derived(row, step)}
        for name in step.on:
            member = row.properties[name].member or name
            by_name = step.by_name and API.member(row.service, step.operation, step.within, member)
            # Calls such as `disable_key_rotation` are the value themselves.
            assert by_name or name in mentioned or step.unless or step.needs, f"{step.operation}: {name}"


def _of_derived(row: Row, step: Call) -> set[str]:
    return {
        property_of(inner)
        for reference in offers.mentioned(step) & set(row.derived)
        for inner in references(row.derived[reference])
    }


@ROW
def test_all_outputs_are_accounted_for(row: Row) -> None:
    """Each output is a property, computed by the table, declared absent, or a member that the first read tells."""
    shape = None
    for step in row.read:
        if isinstance(step, Call):
            shape = client.operation_model(row.service, step.operation).output_shape
            break
    members = set(_members(shape)) if shape is not None else set()
    members |= {step.under for step in row.read if isinstance(step, Call)}
    refused = set(_schema(row.type).inputs) - set(row.properties)
    for name in set(_schema(row.type).outputs) - refused:
        if name in row.properties or name in row.computed or name in row.absent or name in ("region", "tags"):
            continue
        assert find(name, dict.fromkeys(members)), f"{row.type} {name}"


def _members(shape: object, depth: int = 4) -> Iterator[str]:
    if isinstance(shape, StructureShape) and depth:
        for name, inner in shape.members.items():
            yield name
            yield from _members(inner, depth - 1)
    elif hasattr(shape, "member"):
        yield from _members(shape.member, depth)


@ROW
def test_what_the_sdk_says_forces_replacement_replaces(row: Row) -> None:
    replacing = row.replacing()
    documented = {
        name
        for name, text in _schema(row.type).documentation.items()
        if name in row.properties and FORCES_NEW.search(text)
    }
    exceptions = {name for name in documented if not row.properties[name].local} - replacing
    assert exceptions <= CONDITIONAL.get(row.type, set()), exceptions


CONDITIONAL = {
    # Only where the endpoint is no interface, and has no use for it.
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"privateDnsEnabled"},
}


@ROW
def test_each_updatable_or_replacing_property_has_a_test(row: Row) -> None:
    cases = [case for case in CASES if case.token == row.type]
    updates = {name for case in cases for name in case.updates}
    replaces = {name for case in cases for name in case.replaces}
    assert replaces == row.replacing() - {"tagsAll"}
    updatable = {name for step in row.update for name in step.on if not row.properties[name].local}
    missing = updatable - updates - {"tagsAll"}
    assert missing <= UNTESTED.get(row.type, set()), missing


UNTESTED = {
    # moto has no such gateways, endpoints or interfaces to point at.
    "aws:ec2/route:Route": {
        "gatewayId",
        "vpcEndpointId",
        "transitGatewayId",
        "egressOnlyGatewayId",
        "networkInterfaceId",
        "vpcPeeringConnectionId",
    },
    # A rule can't change from one kind of peer to another.
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"prefixListId", "referencedSecurityGroupId"},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
        "cidrIpv6",
        "prefixListId",
        "referencedSecurityGroupId",
    },
    "aws:ec2/launchTemplate:LaunchTemplate": {
        "blockDeviceMappings",
        "cpuOptions",
        "defaultVersion",
        "disableApiStop",
        "disableApiTermination",
        "ebsOptimized",
        "enclaveOptions",
        "iamInstanceProfile",
        "imageId",
        "instanceInitiatedShutdownBehavior",
        "kernelId",
        "keyName",
        "maintenanceOptions",
        "monitoring",
        "networkInterfaces",
        "placement",
        "privateDnsNameOptions",
        "userData",
        "vpcSecurityGroupIds",
    },
}
"""Updates without a test of their own, and why; each is one member of a call that is tested."""


def test_recorded_operations_are_botocores() -> None:
    for service, operation in (*HANDLERS, *COMPLEMENTS):
        assert operation in wire.model(service).operation_names


def test_services_of_the_tables_can_be_configured() -> None:
    from idp.loopback.aws.configuration import SERVICES as ALIASES

    configurable = {ALIASES.get(name, name) for name in SERVICES}
    assert {row.service for row in ROWS.values()} <= configurable


def test_literals_are_no_references() -> None:
    assert list(references(Literal("$Latest"))) == []
