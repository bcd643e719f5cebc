"""What is recorded: checked on the way in, told by the model's shapes, kept apart by account and region."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from idp.loopback.aws.leftovers import leftovers
from idp.loopback.aws.recorder import HANDLERS, wire
from idp.loopback.aws.recorder.message import RefusedError

from .conftest import ACCOUNT, World

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def _client(world: World, service: str, region: str = "eu-central-1") -> Any:  # noqa: ANN401
    return botocore.session.Session().create_client(
        service,
        region_name=region,
        endpoint_url=world.engine.endpoint,
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106
        # What moto and the recorder refuse, not what the client does.
        config=Config(proxies={}, parameter_validation=False),
    )


def _code(call: Any, **members: Any) -> str:  # noqa: ANN401
    with pytest.raises(ClientError) as caught:
        call(**members)
    return str(caught.value.response["Error"]["Code"])


def test_requests_are_checked(world: World) -> None:
    eks, ecr = _client(world, "eks"), _client(world, "ecr")
    cluster = world.clusters[0]
    assert _code(eks.create_addon, clusterName=cluster) == "InvalidParameterException"
    assert _code(eks.create_addon, clusterName=cluster, addonName=7) == "InvalidParameterException"
    assert _code(eks.associate_access_policy, clusterName=cluster, principalArn="x") == "InvalidParameterException"
    assert _code(ecr.create_pull_through_cache_rule, ecrRepositoryPrefix="x") == "InvalidParameterException"


def test_missing_and_twice(world: World) -> None:
    eks, ecr, cluster = _client(world, "eks"), _client(world, "ecr"), world.clusters[0]
    arn = f"arn:aws:iam::{ACCOUNT}:role/recorded"
    gone = "ResourceNotFoundException"
    assert _code(eks.create_addon, clusterName="none", addonName="a") == gone
    assert _code(eks.describe_addon, clusterName=cluster, addonName="none") == gone
    assert _code(eks.delete_addon, clusterName=cluster, addonName="none") == gone
    assert _code(eks.describe_access_entry, clusterName=cluster, principalArn=arn) == gone
    assert (
        _code(eks.associate_access_policy, clusterName=cluster, principalArn=arn, policyArn=VIEW, accessScope={})
        == gone
    )
    assert _code(eks.describe_pod_identity_association, clusterName=cluster, associationId="a-none") == gone
    assert _code(eks.update_cluster_version, name="none", version="1.34") == gone
    assert _code(eks.tag_resource, resourceArn="arn:aws:eks:x:1:addon/none", tags={"a": "b"}) == gone
    assert (
        _code(ecr.delete_pull_through_cache_rule, ecrRepositoryPrefix="none") == "PullThroughCacheRuleNotFoundException"
    )
    eks.create_addon(clusterName=cluster, addonName="twice")
    assert _code(eks.create_addon, clusterName=cluster, addonName="twice") == "ResourceInUseException"
    eks.create_access_entry(clusterName=cluster, principalArn=arn)
    assert _code(eks.create_access_entry, clusterName=cluster, principalArn=arn) == "ResourceInUseException"
    pod = {"clusterName": cluster, "namespace": "n", "serviceAccount": "s", "roleArn": arn}
    eks.create_pod_identity_association(**pod)
    assert _code(eks.create_pod_identity_association, **pod) == "ResourceInUseException"
    eks.delete_addon(clusterName=cluster, addonName="twice")
    eks.delete_access_entry(clusterName=cluster, principalArn=arn)


def test_answers_have_the_models_kinds(world: World) -> None:
    eks, cluster = _client(world, "eks"), world.clusters[0]
    told = eks.create_addon(clusterName=cluster, addonName="kinds", tags={"a": "b"})["addon"]
    assert told["createdAt"].year >= 2024
    assert told["status"] == "ACTIVE"
    assert told["addonArn"].startswith(f"arn:aws:eks:eu-central-1:{ACCOUNT}:addon/{cluster}/kinds/")
    assert eks.list_addons(clusterName=cluster)["addons"] == ["kinds"]
    eks.tag_resource(resourceArn=told["addonArn"], tags={"c": "d"})
    eks.untag_resource(resourceArn=told["addonArn"], tagKeys=["a"])
    assert eks.list_tags_for_resource(resourceArn=told["addonArn"])["tags"] == {"c": "d"}
    eks.delete_addon(clusterName=cluster, addonName="kinds")


def test_accounts_and_regions_do_not_meet(world: World) -> None:
    ecr, elsewhere = _client(world, "ecr"), _client(world, "ecr", "eu-west-1")
    prefix = world.unique("apart")
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, upstreamRegistryUrl="quay.io")
    assert elsewhere.describe_pull_through_cache_rules()["pullThroughCacheRules"] == []
    other = _client(world, "ecr")
    other.meta.events.register("before-send.ecr", _foreign)
    assert other.describe_pull_through_cache_rules()["pullThroughCacheRules"] == []
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix=prefix)


def _foreign(request: Any, **_: Any) -> None:  # noqa: ANN401
    request.headers["x-moto-account-id"] = "999988887777"


def test_what_was_in_a_cluster_goes_with_it(world: World) -> None:
    eks, ec2, cluster = _client(world, "eks"), _client(world, "ec2"), world.cluster()
    group = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    eks.create_addon(clusterName=cluster, addonName="inside")
    eks.delete_cluster(name=cluster)
    assert _code(ec2.describe_security_groups, GroupIds=[group]) == "InvalidGroup.NotFound"
    eks.create_cluster(name=cluster, roleArn=world.roles[0]["arn"], resourcesVpcConfig={"subnetIds": world.subnets})
    assert eks.list_addons(clusterName=cluster)["addons"] == []
    eks.delete_cluster(name=cluster)


def test_updates_of_a_cluster_keep_what_they_do_not_name(world: World) -> None:
    eks, cluster = _client(world, "eks"), world.cluster()
    before = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    eks.update_cluster_config(name=cluster, resourcesVpcConfig={"endpointPrivateAccess": True})
    after = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    assert after == {**before, "endpointPrivateAccess": True}
    eks.update_cluster_config(name=cluster, logging={"clusterLogging": [{"types": ["api"], "enabled": True}]})
    eks.update_cluster_config(name=cluster, logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]})
    setups = eks.describe_cluster(name=cluster)["cluster"]["logging"]["clusterLogging"]
    assert [setup["types"] for setup in setups if setup["enabled"]] == [["api", "audit"]]


def test_names_with_slashes_in_paths(world: World) -> None:
    eks, cluster = _client(world, "eks"), world.clusters[1]
    arn = f"arn:aws:iam::{ACCOUNT}:role/path/to/role"
    eks.create_access_entry(clusterName=cluster, principalArn=arn)
    assert eks.describe_access_entry(clusterName=cluster, principalArn=arn)["accessEntry"]["principalArn"] == arn
    eks.delete_access_entry(clusterName=cluster, principalArn=arn)


@pytest.mark.parametrize("operation", HANDLERS, ids="-".join)
def test_each_recorded_operation_is_found_by_its_request(operation: tuple[str, str]) -> None:
    service, name = operation
    described = wire.model(service).operation_model(name)
    url = described.http["requestUri"].replace("{", "").replace("+}", "").replace("}", "")
    body = f"Action={name}".encode()
    assert wire.operation(service, described.http["method"], url, f"Target.{name}", body) == name


@pytest.mark.parametrize("body", [b"{", b"[]", b"7"])
def test_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError):
        wire.members("ecr", "CreatePullThroughCacheRule", "/", body)


def test_unsigned_requests_do_not_reach_the_recorder() -> None:
    assert wire.signer("Bearer x") is None
    assert wire.signer("") is None


def test_an_association_is_left_over_until_it_is_gone(world: World) -> None:
    """A cluster that was adopted stays, so nothing else would show it."""
    cluster, role = world.clusters[0], world.roles[0]["arn"]
    made = world.made(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        clusterName=cluster,
        namespace="left",
        serviceAccount=world.unique("over"),
        roleArn=role,
    )
    line = f"eks list_pod_identity_associations: {cluster} {made.outputs['associationId']} (eu-central-1)"
    assert leftovers(world.engine.endpoint).count(line) == 1
    _client(world, "eks").delete_pod_identity_association(
        clusterName=cluster, associationId=made.outputs["associationId"]
    )
    assert line not in leftovers(world.engine.endpoint)
