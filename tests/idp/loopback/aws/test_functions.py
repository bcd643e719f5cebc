"""Functions: every row against the SDK and botocore, and what the real SDK makes of the answers."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import jmespath
import pulumi
import pulumi_aws
import pytest
from botocore.model import ListShape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from idp.loopback.aws import client, shapes
from idp.loopback.aws.client import Client, Credentials
from idp.loopback.aws.configuration import PACKAGE
from idp.loopback.aws.configuration import SERVICES as ALIASES
from idp.loopback.aws.tables import FUNCTIONS
from idp.loopback.provider import schema
from idp.loopback.provider.decode import find
from idp.loopback.provider.schema import UnknownTypeError
from idp.loopback.provider.table import BRACES, Function, property_of, references
from idp.loopback.provider.values import UNKNOWN

from .conftest import ACCOUNT, World
from .engine import REGION, SERVICES, Engine, RefusedError

FUNCTION = pytest.mark.parametrize(
    "function", FUNCTIONS.values(), ids=[token.rsplit(":", 1)[-1] for token in FUNCTIONS]
)
API = Client(REGION, Credentials("x", "x"), {})
GET_VPC = "aws:ec2/getVpc:getVpc"
GET_CLUSTER = "aws:eks/getCluster:getCluster"
IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"
IGNORED = ("opts", "return")


class Plugin(pulumi.runtime.Mocks):
    """Answers the SDK's calls of functions by the plugin's, over gRPC."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        raise AssertionError(f"nothing is made here: {args.typ}")

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        self.asked.append((args.token, dict(args.args)))
        return self.engine.invoke(args.token, dict(args.args))


def _run(engine: Engine, function: Callable[..., pulumi.Output[Any]], **arguments: Any) -> tuple[Any, Plugin]:  # noqa: ANN401
    """Return what the SDK's function gives a program, and what it asked for."""
    plugin = Plugin(engine)
    pulumi.runtime.set_mocks(plugin, project="functions", stack="test")
    told: list[Any] = []

    # The decorator drains every call before it returns.
    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # as the SDK has it
    def program() -> pulumi.Output[None]:
        return function(**arguments).apply(told.append)

    program()
    [result] = told
    return result, plugin


def _sdk(token: str) -> Callable[..., pulumi.Output[Any]]:
    """Return the SDK's function of a token."""
    _, module, name = re.split(r"[:/]", token)[:3]
    snake = re.sub("([A-Z])", lambda match: f"_{match[1].lower()}", name)
    found = pulumi_aws if module == "index" else importlib.import_module(f"{PACKAGE}.{module}")
    return cast("Callable[..., pulumi.Output[Any]]", getattr(found, f"{snake}_output"))


@FUNCTION
def test_the_row_names_what_botocore_and_the_sdk_have(function: Function) -> None:
    described = schema.load_function(PACKAGE, function.token)
    shape = client.input_shape(function.service, function.call.operation)
    assert function.service in {ALIASES.get(name, name) for name in SERVICES}
    assert set(function.arguments) <= set(described.inputs) - {"region"}
    assert ("region" in described.inputs) == function.regional
    assert (set(function.computed) | set(function.absent)) <= set(described.outputs)
    assert not set(function.computed) & set(function.absent)
    for name in function.call.members:
        assert shapes.member(shape, name) == name
    used = {property_of(name) for template in function.call.members.values() for name in references(template)}
    for name in function.arguments:
        assert name in used or API.member(function.service, function.call.operation, "", name), name
    for path in (*function.computed.values(), BRACES.sub("`1`", function.call.pick)):
        if not path.startswith("arn:"):
            jmespath.compile(path or "@")


@FUNCTION
def test_what_the_operation_demands_is_an_argument(function: Function) -> None:
    shape = client.input_shape(function.service, function.call.operation)
    given_ = {API.member(function.service, function.call.operation, "", name) for name in function.arguments}
    assert set(shape.required_members if shape else ()) <= given_ | set(function.call.members)


@FUNCTION
def test_all_results_are_accounted_for(function: Function) -> None:
    """Each result is computed by the row, declared absent, the region, or a member that the operation answers."""
    shape = client.operation_model(function.service, function.call.operation).output_shape
    first = re.match(r"\w+", function.call.pick)
    picked = cast("StructureShape", shape).members[first[0]] if first else shape
    one = picked.member if isinstance(picked, ListShape) else picked
    members = cast("StructureShape", one).members
    for name in schema.load_function(PACKAGE, function.token).outputs:
        known = name in (*function.computed, *function.absent, *(("region",) if function.regional else ()))
        assert known or find(name, members), name


@FUNCTION
def test_the_sdk_asks_for_this_token_with_these_arguments(engine: Engine, world: World, function: Function) -> None:
    described = schema.load_function(PACKAGE, function.token)
    there = {"name": world.clusters[0], "id": world.vpc}
    arguments = {name: there[name] for name in function.arguments}
    _, plugin = _run(engine, _sdk(function.token), **arguments)
    [(token, sent)] = plugin.asked
    assert token == function.token
    assert set(sent) <= set(described.inputs)
    assert {name: value for name, value in sent.items() if value is not None} == arguments


@FUNCTION
@given(name=st.from_regex(r"[a-z]{1,6}[A-Z][a-z]{1,6}", fullmatch=True))
def test_an_unknown_argument_is_named(engine: Engine, function: Function, name: str) -> None:
    if name in schema.load_function(PACKAGE, function.token).inputs:
        return
    with pytest.raises(RefusedError, match=f"^{function.token}: {name}: unknown argument"):
        engine.invoke(function.token, {name: "x"})


def test_a_cluster_is_what_the_sdk_says_it_is(engine: Engine, world: World) -> None:
    made = world.made(
        "aws:eks/cluster:Cluster",
        roleArn=world.roles[0]["arn"],
        vpcConfig={"subnetIds": world.subnets[:2], "endpointPrivateAccess": True},
        enabledClusterLogTypes=["api", "audit"],
        tags={"team": "shop"},
    ).outputs
    found, _ = _run(engine, pulumi_aws.eks.get_cluster_output, name=made["name"])
    assert isinstance(found, pulumi_aws.eks.GetClusterResult)
    assert (found.id, found.name, found.arn, found.endpoint) == (
        made["name"],
        made["name"],
        made["arn"],
        made["endpoint"],
    )
    assert [one.data for one in found.certificate_authorities] == [made["certificateAuthority"]["data"]]
    assert found.identities[0].oidcs[0].issuer == made["identities"][0]["oidcs"][0]["issuer"]
    assert found.vpc_config.subnet_ids == world.subnets[:2]
    assert found.vpc_config.endpoint_private_access is True
    assert sorted(found.enabled_cluster_log_types) == ["api", "audit"]
    assert found.access_configs[0].authentication_mode == made["accessConfig"]["authenticationMode"]
    assert found.region == REGION
    assert found.tags == {"owner": "platform", "team": "shop"}
    # Nothing is an empty list, as from the official plugin: programs write `found.outpost_configs[0]` or `len`.
    assert (found.outpost_configs, found.storage_configs, found.remote_network_configs) == ([], [], [])


def test_a_vpc_is_what_the_sdk_says_it_is(engine: Engine, world: World) -> None:
    """Of several, so that it is not the first one that is told."""
    for cidr in ("10.61.0.0/16", "10.62.0.0/16"):
        vpc = world.made("aws:ec2/vpc:Vpc", cidrBlock=cidr, tags={"team": "shop"})
        made = vpc.outputs
        found, _ = _run(engine, pulumi_aws.ec2.get_vpc_output, id=vpc.id)
        assert isinstance(found, pulumi_aws.ec2.GetVpcResult)
        assert (found.id, found.arn, found.owner_id) == (vpc.id, made["arn"], ACCOUNT)
        assert (found.cidr_block, found.default, found.state) == (cidr, False, "available")
        assert [(one.cidr_block, one.state) for one in found.cidr_block_associations] == [(cidr, "associated")]
        assert (found.dhcp_options_id, found.instance_tenancy) == (made["dhcpOptionsId"], "default")
        assert found.tags == {"owner": "platform", "team": "shop"}


def test_every_result_is_of_the_sdks_kind(engine: Engine, world: World) -> None:
    kinds = {"string": str, "boolean": bool, "list": list, "map": dict, "object": dict}
    for token, arguments in (
        (GET_CLUSTER, {"name": world.clusters[0]}),
        (GET_VPC, {"id": world.vpc}),
        (IDENTITY, {}),
    ):
        described = schema.load_function(PACKAGE, token).outputs
        told = engine.invoke(token, arguments)
        assert set(told) <= set(described)
        for name, value in told.items():
            assert isinstance(value, kinds[described[name].name]), name


def test_the_caller_is_the_account(engine: Engine) -> None:
    found, _ = _run(engine, pulumi_aws.get_caller_identity_output)
    assert (found.account_id, found.id) == (ACCOUNT, ACCOUNT)
    assert found.arn.startswith(f"arn:aws:sts::{ACCOUNT}:")
    assert found.user_id


def test_the_region_says_where_to_look(engine: Engine, world: World) -> None:
    name = world.clusters[0]
    assert engine.invoke(GET_CLUSTER, {"name": name, "region": REGION})["region"] == REGION
    with pytest.raises(RefusedError, match="ResourceNotFoundException"):
        engine.invoke(GET_CLUSTER, {"name": name, "region": "eu-west-1"})


BAD: list[tuple[str, Mapping[str, object], str]] = [
    ("aws:index/getRegion:getRegion", {}, "this provider does not have this function"),
    (
        "aws:eks/getClusters:getClusters",
        {},
        f"this provider does not have this function, did you mean '{GET_CLUSTER}'?",
    ),
    (
        GET_CLUSTER,
        {"name": "missing"},
        "describe_cluster: ResourceNotFoundException: No cluster found for name: missing.",
    ),
    (GET_CLUSTER, {}, 'describe_cluster: Missing required parameter in input: "name"'),
    (GET_CLUSTER, {"nam": "x"}, "nam: unknown argument, did you mean 'name'?"),
    (GET_CLUSTER, {"name": 1}, "name: an integer is not a string"),
    (GET_CLUSTER, {"name": UNKNOWN}, "name: not known yet"),
    (
        GET_CLUSTER,
        {"name": "x", "tags": {"a": "b"}},
        "tags: the function has it, but this provider does not support it",
    ),
    (GET_VPC, {}, "describe_vpcs: not found"),
    (
        GET_VPC,
        {"id": "vpc-none"},
        "describe_vpcs: InvalidVpcID.NotFound: VpcID {'vpc-none'} does not exist.",
    ),
    (GET_VPC, {"default": True}, "default: the function has it, but this provider does not support it"),
    (IDENTITY, {"id": "x"}, "id: the function has it, but this provider does not support it"),
    (IDENTITY, {"region": "eu-west-1"}, "region: unknown argument"),
]


@pytest.mark.parametrize(("token", "arguments", "line"), BAD)
def test_what_is_wrong_is_one_line(engine: Engine, token: str, arguments: dict[str, object], line: str) -> None:
    with pytest.raises(RefusedError) as caught:
        engine.invoke(token, arguments)
    assert str(caught.value) == f"{token}: {line}"


def test_a_function_without_endpoint_is_refused(endpoint: str) -> None:
    other = Engine(endpoint)
    other.configure(endpoints=json.dumps([{"sts": endpoint}]))
    with pytest.raises(RefusedError, match=f"^{GET_CLUSTER}: describe_cluster: NoEndpoint: .* do not name eks"):
        other.invoke(GET_CLUSTER, {"name": "x"})
    other.server.stop(None)


def _tokens() -> Iterator[str]:
    yield from ("aws:eks/getCluster:getNope", "aws:eks/cluster:Cluster", "aws:nope/getX:getX", "getCluster", "")


@pytest.mark.parametrize("token", _tokens())
def test_functions_that_the_sdk_does_not_have(token: str) -> None:
    with pytest.raises(UnknownTypeError):
        schema.load_function(PACKAGE, token)
