"""What the engine hears when something is wrong, unknown or secret."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2

from idp.loopback.aws.configuration import KEYS, SKIPS
from idp.loopback.aws.tables import ROWS
from idp.loopback.provider.table import BRACES
from idp.loopback.provider.values import UNKNOWN, contains_unknown, pack, unpack

from .conftest import ACCOUNT, TRUST, World
from .engine import REGION, SERVICES, Engine, RefusedError, Resource, urn

VPC = "aws:ec2/vpc:Vpc"
ROLE = "aws:iam/role:Role"
BUCKET = "aws:s3/bucket:Bucket"
CLUSTER = "aws:eks/cluster:Cluster"
ARNS = {
    "aws:iam/policy:Policy": f"iam::{ACCOUNT}:policy",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": f"iam::{ACCOUNT}:oidc-provider",
    "aws:acm/certificate:Certificate": f"acm:eu-central-1:{ACCOUNT}:certificate",
    "aws:acm/certificateValidation:CertificateValidation": f"acm:eu-central-1:{ACCOUNT}:certificate",
}
"""Ids that are ARNs, and are checked for their form."""
ROW = pytest.mark.parametrize("token", ROWS, ids=lambda token: token.rsplit(":", 1)[-1])


def test_unknown_type(engine: Engine) -> None:
    with pytest.raises(RefusedError, match=r"aws:ec2/vpcs:Vpcs.* did you mean 'aws:ec2/vpc:Vpc'\?"):
        engine.check("aws:ec2/vpcs:Vpcs", {})


@ROW
def test_unknown_property(engine: Engine, token: str) -> None:
    _, failures = engine.check(token, {"nonesuch": 1})
    assert "nonesuch: unknown property" in failures


@pytest.mark.parametrize(
    ("token", "inputs", "line"),
    [
        (VPC, {"cidrBlok": "10.0.0.0/16"}, "cidrBlok: unknown property, did you mean 'cidrBlock'?"),
        (VPC, {"cidrBlock": 10}, "cidrBlock: an integer is not a string"),
        (VPC, {"enableDnsSupport": "yes"}, "enableDnsSupport: a string is not a boolean"),
        (
            VPC,
            {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "alone"},
            ": create_vpc: InstanceTenancy: 'alone' is not one of default, dedicated, host",
        ),
        (VPC, {"ipv4IpamPoolId": "x"}, f"ipv4IpamPoolId: {VPC} has it, but this provider does not support it"),
        (CLUSTER, {"roleArn": "x"}, "vpcConfig: required, but missing"),
        (CLUSTER, {"roleArn": "x", "vpcConfig": {}}, "vpcConfig.subnetIds: required, but missing"),
        (
            CLUSTER,
            {"roleArn": "x", "vpcConfig": {"subnetIds": ["a"], "endpointPrivatAccess": True}},
            "vpcConfig.endpointPrivatAccess: unknown property, did you mean 'endpointPrivateAccess'?",
        ),
        (
            CLUSTER,
            {"roleArn": "x", "vpcConfig": {"subnetIds": ["a", 1]}},
            "vpcConfig.subnetIds[1]: an integer is not a string",
        ),
        (
            "aws:ec2/natGateway:NatGateway",
            {},
            None,
        ),
    ],
)
def test_bad_inputs_are_named(engine: Engine, token: str, inputs: dict[str, object], line: str | None) -> None:
    _, failures = engine.check(token, inputs)
    if line is None:
        assert failures == []
    else:
        assert line in failures


@ROW
def test_a_preview_knows_inputs_and_nothing_else(engine: Engine, token: str) -> None:
    row = ROWS[token]
    inputs = {name: UNKNOWN for name in row.properties if name != "tagsAll"}
    checked, failures = engine.check(token, inputs)
    assert failures == []
    planned = engine.preview(token, checked)
    assert all(contains_unknown(planned[name]) for name in inputs)


def test_a_preview_makes_nothing(engine: Engine, world: World) -> None:
    before = world.aws("ec2").describe_vpcs()["Vpcs"]  # type: ignore[attr-defined]
    planned = engine.preview(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}})
    assert planned["cidrBlock"] == "10.0.0.0/16"
    assert planned["tagsAll"] == {"owner": "platform", "a": "b"}
    assert planned["arn"] is UNKNOWN
    assert world.aws("ec2").describe_vpcs()["Vpcs"] == before  # type: ignore[attr-defined]


def test_unknown_values_are_differences(engine: Engine, world: World) -> None:
    made = world.made(VPC, cidrBlock="10.3.0.0/16")
    diff = engine.diff(made, {**made.inputs, "cidrBlock": UNKNOWN})
    assert diff.replaces == ["cidrBlock"]
    assert engine.diff(made, {**made.inputs, "tags": UNKNOWN}).replaces == []


@pytest.mark.parametrize(
    ("changes", "key", "reason"),
    [
        ({"reggion": "x"}, "reggion", "unknown key, did you mean 'region'?"),
        ({"profile": "x"}, "profile", "not supported"),
        ({"httpProxy": "http://127.0.0.1"}, "httpProxy", "not supported"),
        ({"assumeRoles": "[]"}, "assumeRoles", "not supported"),
        ({"region": None}, "region", "required, but missing"),
        ({"region": "Frankfurt"}, "region", "'Frankfurt' is not a region"),
        ({"accessKey": None}, "accessKey", "required, but missing"),
        ({"secretKey": None}, "secretKey", "required, but missing"),
        ({"endpoints": None}, "endpoints", "required, but missing"),
        ({"endpoints": '[{"ec3": "http://127.0.0.1"}]'}, "endpoints[0].ec3", "unknown property"),
        ({"endpoints": '[{"ec2": "http://localhost"}]'}, "endpoints[0].ec2", "127.0.0.0/8 or ::1"),
        ({"allowedAccountIds": '["1"]'}, "allowedAccountIds", "not an account id of 12 digits"),
        ({"skipMetadataApiCheck": "maybe"}, "skipMetadataApiCheck", "a string is not a boolean"),
        ({"defaultTags": '{"tags": {"a": 1}}'}, "defaultTags.tags.a", "an integer is not a string"),
    ],
)
def test_bad_configuration(engine: Engine, changes: dict[str, str], key: str, reason: str) -> None:
    failures = engine.check_config(**changes)
    assert reason in failures[key]
    other = Engine(engine.endpoint)
    with pytest.raises(RefusedError, match="aws|" + key.replace("[", r"\[")):
        other.configure(**changes)
    other.server.stop(None)


CONFIGURATIONS = {
    "endpoints": '[{"ec2": "http://127.0.0.1:1"}]',
    "accessKey": "another",
    "secretKey": "another",
    "token": "another",
    "region": "eu-west-1",
    "allowedAccountIds": '["999988887777"]',
    "defaultTags": '{"tags": {"owner": "somebody"}}',
    **dict.fromkeys(SKIPS, "true"),
}
"""For each key a value that is not the present one."""


def _diff_config(engine: Engine, **changes: str | object) -> provider_pb2.DiffResponse:
    old = engine.configuration(skipMetadataApiCheck=None)
    new = {**old, **changes}
    secret = frozenset({"secretKey", "token"})
    request = provider_pb2.DiffRequest(
        id="some-id",
        urn=urn("pulumi:providers:aws", "aws"),
        olds=pack(old, secret),
        old_inputs=pack(old, secret),
        news=pack(new, secret),
    )
    answer: provider_pb2.DiffResponse = engine.call("DiffConfig", request)
    return answer


def test_every_key_has_another_configuration() -> None:
    assert set(CONFIGURATIONS) == set(KEYS)


@pytest.mark.parametrize("key", CONFIGURATIONS)
def test_another_configuration_never_replaces_the_provider(engine: Engine, key: str) -> None:
    """A replaced provider replaces all its resources; the official plugin does that for none of these either."""
    for value in (CONFIGURATIONS[key], UNKNOWN):
        answer = _diff_config(engine, **{key: value})
        assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        assert list(answer.replaces) == []
        assert not answer.deleteBeforeReplace
        assert not answer.detailedDiff


def test_the_same_configuration_is_no_change(engine: Engine) -> None:
    assert _diff_config(engine).changes == provider_pb2.DiffResponse.DIFF_NONE


@pytest.mark.parametrize("key", ["accessKey", "secretKey", "token", "region", "endpoints"])
def test_resources_stay_as_and_where_they_are(engine: Engine, world: World, key: str) -> None:
    """Even in another region of the provider: a resource is where its state says, only new ones are made elsewhere."""
    made = [world.made(VPC, cidrBlock="10.7.0.0/16"), world.made(ROLE, assumeRolePolicy=TRUST)]
    other = Engine(engine.endpoint)
    same = json.dumps([dict.fromkeys(SERVICES, engine.endpoint + "/")])
    tags = '{"tags": {"owner": "platform"}}'
    other.configure(defaultTags=tags, **{key: same if key == "endpoints" else CONFIGURATIONS[key]})
    for resource in made:
        named = {"__defaults", *resource.inputs.get("__defaults", [])}
        program = {name: value for name, value in resource.inputs.items() if name not in named}
        checked, failures = other.check(resource.token, program, resource.inputs, resource.name)
        assert (checked, failures) == (resource.inputs, [])
        assert other.diff(resource, checked).paths == {}
        refreshed = other.refresh(resource)
        assert refreshed is not None
        assert refreshed.outputs == resource.outputs
    new = other.create(VPC, {"cidrBlock": "10.8.0.0/16"}, world.unique("new"))
    assert new.outputs["region"] == (CONFIGURATIONS["region"] if key == "region" else REGION)
    other.delete(new)
    other.server.stop(None)


def test_a_foreign_account_is_refused_before_anything(endpoint: str) -> None:
    other = Engine(endpoint)
    with pytest.raises(RefusedError, match=f"credentials are of account {ACCOUNT}, allowed: 999988887777"):
        other.configure(allowedAccountIds='["999988887777"]')
    with pytest.raises(RefusedError, match="not configured"):
        other.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    other.server.stop(None)


def test_a_service_without_endpoint_is_refused(endpoint: str) -> None:
    other = Engine(endpoint)
    other.configure(endpoints=json.dumps([{"sts": endpoint}]))
    with pytest.raises(RefusedError, match=r"aws:ec2/vpc:Vpc thing: create_vpc: NoEndpoint: .* do not name ec2"):
        other.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    other.server.stop(None)


def test_errors_of_aws_name_everything(engine: Engine) -> None:
    with pytest.raises(RefusedError) as caught:
        engine.create("aws:ec2/subnet:Subnet", {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}, "lost")
    assert str(caught.value) == (
        "aws:ec2/subnet:Subnet lost: create_subnet: InvalidVpcID.NotFound: VpcID vpc-1 does not exist."
    )
    assert caught.value.made is None


def test_a_resource_whose_creation_fails_half_way_is_told(engine: Engine, world: World) -> None:
    """The gateway is there, its attachment failed: the engine must keep it, and its next update can finish it."""
    token = "aws:ec2/internetGateway:InternetGateway"  # noqa: S105
    with pytest.raises(RefusedError, match=r"attach_internet_gateway: InvalidVpcID\.NotFound") as caught:
        engine.create(token, {"vpcId": "vpc-1", "tags": {"half": "made"}})
    made = caught.value.made
    assert made is not None
    assert list(made.reasons) == ["attach_internet_gateway: InvalidVpcID.NotFound: VpcID vpc-1 does not exist."]
    state, inputs = unpack(made.properties).properties, unpack(made.inputs).properties
    refreshed = engine.refresh(Resource(token, made.id, inputs, state))
    assert refreshed is not None
    assert refreshed.outputs["tags"] == {"half": "made"}
    assert engine.diff(refreshed, inputs).paths == {"vpcId": "ADD"}
    finished = engine.update(refreshed, {**inputs, "vpcId": world.other_vpc})
    assert finished.outputs["vpcId"] == world.other_vpc
    engine.delete(finished)


def test_secrets_stay_secret(engine: Engine, world: World) -> None:
    secret = "hush-hush-9e1"  # noqa: S105
    request = provider_pb2.CreateRequest(urn=urn(BUCKET, "b"))
    request.properties.CopyFrom(pack({"bucket": world.unique("secret"), "tags": {"a": secret}}, frozenset({"tags"})))
    answer = engine.call("Create", request)
    told = unpack(answer.properties)
    assert told.secret == {"tags", "tagsAll"}
    read = engine.call(
        "Read",
        provider_pb2.ReadRequest(
            id=answer.id, urn=urn(BUCKET, "b"), properties=answer.properties, inputs=request.properties
        ),
    )
    assert unpack(read.properties).secret == {"tags", "tagsAll"}
    assert unpack(read.inputs).secret == {"tags"}


def test_errors_do_not_repeat_secrets(engine: Engine) -> None:
    secret = "vpc-hush-9e1"  # noqa: S105
    request = provider_pb2.CreateRequest(urn=urn("aws:ec2/subnet:Subnet", "s"))
    request.properties.CopyFrom(pack({"vpcId": secret, "cidrBlock": "10.0.0.0/24"}, frozenset({"vpcId"})))
    with pytest.raises(RefusedError) as caught:
        engine.call("Create", request)
    assert secret not in str(caught.value)
    assert "[secret]" in str(caught.value)


def test_names(engine: Engine) -> None:
    first, _ = engine.check(BUCKET, {}, name="data")
    assert first["bucket"].startswith("data-")
    assert len(first["bucket"]) == len("data-") + 7
    kept, _ = engine.check(BUCKET, {}, old=first, name="data", autonaming=None)
    assert kept == first
    given_name, _ = engine.check(BUCKET, {"bucket": "mine"}, old=first, name="data")
    assert given_name == {"bucket": "mine"}
    taken_back, _ = engine.check(BUCKET, {}, old=given_name, name="data")
    assert taken_back["bucket"] != "mine"


def test_a_replacement_under_the_same_name_deletes_first(engine: Engine) -> None:
    named = Resource(ROLE, "r", {"name": "r", "path": "/a/", "assumeRolePolicy": TRUST}, {})
    automatic = Resource(ROLE, "r", {**named.inputs, "__defaults": ["name"]}, {})
    assert engine.diff(named, {**named.inputs, "path": "/b/"}).delete_first
    assert not engine.diff(automatic, {**automatic.inputs, "path": "/b/"}).delete_first


@ROW
def test_what_never_was_is_gone(engine: Engine, token: str) -> None:
    """A read of a missing thing says so, and its deletion succeeds."""
    row = ROWS[token]
    missing = "missing-1234567890abcdef"
    identity = BRACES.sub(missing, row.identity) if row.is_template() else missing
    if token in ARNS:
        identity = f"arn:aws:{ARNS[token]}/{missing}"
    resource = Resource(token, identity, {}, {})
    assert engine.refresh(resource) is None
    engine.delete(resource)


@given(tags=st.dictionaries(st.text("abc", min_size=1, max_size=2), st.text("xy", max_size=2), max_size=4))
def test_default_tags_and_own_tags_come_apart_again(engine: Engine, tags: dict[str, str]) -> None:
    planned = engine.preview(VPC, {"cidrBlock": "10.0.0.0/16", "tags": tags})
    assert planned["tagsAll"] == {"owner": "platform", **tags}
