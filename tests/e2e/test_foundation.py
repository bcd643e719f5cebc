"""The AWS layer on the real engine, from up to down; boto3, which is neither ours nor Pulumi's, is the witness."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from .aws import ACCOUNT, answered_by, assert_once, bucket, client, endpoint, there
from .checkout import REPOSITORY, Checkout, Ran, cache

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

LAYER = "foundation"
STACK = f"local.{LAYER}"
FAILED, INVALID, MISSING = 1, 2, 3
SERVERLESS = "kubeconfig: null", "kubeconfig: not-used-by-this-layer.yaml"
"""A cluster of somebody else, so that the version is not bound to the local one's."""


@pytest.fixture(scope="module")
def checkout(fresh: Callable[[], Checkout]) -> Checkout:
    return fresh()


@pytest.fixture(scope="module")
def first(checkout: Checkout) -> dict[str, Any]:
    """Return how the very first `up` went."""
    return result(up(checkout))


@pytest.fixture
def standing(checkout: Checkout, first: dict[str, Any]) -> Iterator[Checkout]:
    """Return the copy with the committed foundation standing."""
    assert first["ok"]
    checkout.describe(None)
    assert result(up(checkout))["ok"]
    yield checkout
    checkout.describe(None)


def up(checkout: Checkout, *more: str) -> Ran:
    return checkout.idp("up", STACK, "--json", *more)


def result(ran: Ran) -> dict[str, Any]:
    """Return the layer's result of a command that worked."""
    assert ran.code == 0, ran
    [found] = ran.json()["layers"]
    assert found["layer"] == LAYER
    return dict(found)


def errors(ran: Ran) -> list[str]:
    """Return what a command that failed says of the layer."""
    return [line for layer in ran.json()["layers"] for line in layer["errors"]]


def steps(ran: Ran) -> dict[str, set[str]]:
    """Return what a preview or update does: the last part of each type -> its operations."""
    found: dict[str, set[str]] = {}
    for step in result(ran)["steps"]:
        found.setdefault(step["type"].rpartition(":")[2], set()).add(step["op"])
    return found


def output(checkout: Checkout, name: str) -> Any:  # noqa: ANN401
    return checkout.idp("outputs", STACK, "--json").json()["layers"][LAYER][name]


def test_up_from_an_empty_account_creates_all_and_a_second_up_nothing(
    checkout: Checkout, first: dict[str, Any]
) -> None:
    assert set(first["changes"]) == {"create"}
    assert first["changes"]["create"] > 100
    assert not checkout.local.exists(), "the foundation alone needs no cluster"
    assert_once(checkout)
    again = result(up(checkout))
    assert (again["action"], again["changes"]) == ("unchanged", {})
    assert (again["policies"]["refused"], again["policies"]["advisory"]) == (0, 0)
    assert again["unchanged"] > 100


def test_its_outputs_are_what_aws_has(standing: Checkout) -> None:
    cluster = client(standing, "eks").describe_cluster(name=output(standing, "cluster_name"))["cluster"]
    assert cluster["resourcesVpcConfig"]["vpcId"] == output(standing, "vpc_id")
    [vpc] = client(standing, "ec2").describe_vpcs(VpcIds=[output(standing, "vpc_id")])["Vpcs"]
    assert vpc["CidrBlock"] == output(standing, "vpc_cidr")
    buckets = {bucket["Name"] for bucket in client(standing, "s3").list_buckets()["Buckets"]}
    assert set(output(standing, "bucket_names").values()) == buckets
    roles = {role["Arn"] for role in client(standing, "iam").list_roles()["Roles"]}
    assert {output(standing, "preview_role_arn"), output(standing, "deploy_role_arn")} <= roles
    assert output(standing, "kubeconfig") == str(standing.local / "kubeconfig")


def test_vault_s_pods_have_an_identity_that_opens_their_key_and_their_bucket(standing: Checkout) -> None:
    eks, iam = client(standing, "eks"), client(standing, "iam")
    given = {}
    for one in eks.list_pod_identity_associations(clusterName="idp-local", namespace="idp-vault")["associations"]:
        whole = eks.describe_pod_identity_association(clusterName="idp-local", associationId=one["associationId"])
        role = whole["association"]["roleArn"].rpartition("/")[2]
        [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        given[one["serviceAccount"]] = {name for part in document["Statement"] for name in part["Resource"]}
    bucket, keys = f"arn:aws:s3:::{_bucket(standing)}", output(standing, "key_arns")
    assert given == {
        "vault": {keys["unseal"]},
        "vault-snapshot": {f"{bucket}/vault/*", keys["buckets"]},
        "vault-restore": {bucket, f"{bucket}/vault/*", keys["buckets"]},
    }


def _vpc(checkout: Checkout) -> str:
    return str(output(checkout, "vpc_id"))


def _bucket(checkout: Checkout) -> str:
    return str(output(checkout, "bucket_names")["vault-snapshots"])


def _key(checkout: Checkout) -> str:
    return str(output(checkout, "key_arns")["unseal"])


Act = Callable[[Checkout], Any]

DRIFTS: dict[str, tuple[Act, Act]] = {
    "a bucket opened": (
        lambda c: client(c, "s3").delete_public_access_block(Bucket=_bucket(c)),
        lambda c: (
            set(client(c, "s3").get_public_access_block(Bucket=_bucket(c))["PublicAccessBlockConfiguration"].values())
            == {True}
        ),
    ),
    "a bucket's policy gone": (
        lambda c: client(c, "s3").delete_bucket_policy(Bucket=_bucket(c)),
        lambda c: "aws:SecureTransport" in client(c, "s3").get_bucket_policy(Bucket=_bucket(c))["Policy"],
    ),
    "a key that rotates no more": (
        lambda c: client(c, "kms").disable_key_rotation(KeyId=_key(c)),
        lambda c: client(c, "kms").get_key_rotation_status(KeyId=_key(c))["KeyRotationEnabled"],
    ),
    "logs kept for a day": (
        lambda c: client(c, "logs").put_retention_policy(logGroupName="/aws/eks/idp-local/cluster", retentionInDays=1),
        lambda c: (
            client(c, "logs").describe_log_groups(logGroupNamePrefix="/aws/eks/")["logGroups"][0]["retentionInDays"]
            == 365
        ),
    ),
    "a role that trusts anybody": (
        lambda c: client(c, "iam").update_assume_role_policy(
            RoleName="idp-local-deploy",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
                }
            ),
        ),
        lambda c: (
            '"AWS"'
            not in json.dumps(
                client(c, "iam").get_role(RoleName="idp-local-deploy")["Role"]["AssumeRolePolicyDocument"]
            )
        ),
    ),
    "a way out of the default security group": (
        lambda c: client(c, "ec2").authorize_security_group_ingress(
            GroupId=_default_group(c)["GroupId"],
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}
            ],
        ),
        lambda c: _default_group(c)["IpPermissions"] == [],
    ),
    "a repository whose tags move": (
        lambda c: client(c, "ecr").put_image_tag_mutability(
            repositoryName="idp-local/sample", imageTagMutability="MUTABLE"
        ),
        lambda c: client(c, "ecr").describe_repositories()["repositories"][0]["imageTagMutability"] == "IMMUTABLE",
    ),
    "an administrator of the cluster gone": (
        lambda c: client(c, "eks").delete_access_entry(
            clusterName="idp-local", principalArn=f"arn:aws:iam::{ACCOUNT}:role/platform-admin"
        ),
        lambda c: (
            f"arn:aws:iam::{ACCOUNT}:role/platform-admin"
            in client(c, "eks").list_access_entries(clusterName="idp-local")["accessEntries"]
        ),
    ),
    "another role for Vault's servers": (
        lambda c: client(c, "eks").update_pod_identity_association(
            clusterName="idp-local",
            associationId=_identity(c)["associationId"],
            roleArn=output(c, "deploy_role_arn"),
        ),
        lambda c: _identity(c)["roleArn"].startswith(f"arn:aws:iam::{ACCOUNT}:role/idp/idp-local-vault-"),
    ),
    "an owner's tag gone": (
        lambda c: client(c, "ec2").delete_tags(Resources=[_vpc(c)], Tags=[{"Key": "owner"}]),
        lambda c: (
            {"Key": "owner", "Value": "team-platform"}
            in client(c, "ec2").describe_vpcs(VpcIds=[_vpc(c)])["Vpcs"][0]["Tags"]
        ),
    ),
}
"""What somebody does by hand, and how one sees that it is undone."""


def _identity(checkout: Checkout) -> Any:  # noqa: ANN401
    eks, mine = client(checkout, "eks"), {"namespace": "idp-vault", "serviceAccount": "vault"}
    [found] = eks.list_pod_identity_associations(clusterName="idp-local", **mine)["associations"]
    return eks.describe_pod_identity_association(clusterName="idp-local", associationId=found["associationId"])[
        "association"
    ]


def _default_group(checkout: Checkout) -> Any:  # noqa: ANN401
    mine = [{"Name": "vpc-id", "Values": [_vpc(checkout)]}, {"Name": "group-name", "Values": ["default"]}]
    [found] = client(checkout, "ec2").describe_security_groups(Filters=mine)["SecurityGroups"]
    return found


def test_drift_made_by_hand_is_found_by_refresh_and_repaired(standing: Checkout) -> None:
    for name, (drift, repaired) in DRIFTS.items():
        assert repaired(standing), f"{name}: was there before"
        drift(standing)
    unseen = result(standing.idp("preview", STACK, "--json"))
    assert unseen["changes"] == {}, "without a refresh nobody looks"
    mended = result(up(standing, "--refresh"))
    assert mended["changes"]
    assert [name for name, (_, repaired) in DRIFTS.items() if not _holds(repaired, standing)] == []
    assert_once(standing)
    assert result(up(standing, "--refresh"))["changes"] == {}


def _holds(check: Act, checkout: Checkout) -> bool:
    try:
        return bool(check(checkout))
    except Exception as error:
        pytest.fail(f"{error}")


def test_another_range_replaces_the_network_and_is_only_previewed(standing: Checkout) -> None:
    standing.describe(standing.original.replace("cidr: 10.90.0.0/16", "cidr: 10.91.0.0/16"))
    found = steps(standing.idp("preview", STACK, "--json"))
    for kind in ("Vpc", "Subnet", "RouteTable"):
        assert "replace" in found[kind] or {"create-replacement", "delete-replaced"} <= found[kind], found
    assert "Key" not in found, "keys have nothing to do with it"
    assert "Bucket" not in found
    assert_once(standing)


def test_a_zone_more_leaves_the_others_alone(standing: Checkout) -> None:
    three, two = "zones: [eu-central-1a, eu-central-1b, eu-central-1c]", "zones: [eu-central-1a, eu-central-1b]"
    assert three in standing.original
    standing.describe(standing.original.replace(three, two))
    fewer = steps(up(standing))
    assert fewer["Subnet"] == {"delete"}
    standing.describe(None)
    found = steps(standing.idp("preview", STACK, "--json"))
    assert found["Subnet"] == {"create"}
    assert "Vpc" not in found
    assert not [kind for kind, operations in found.items() if "delete" in operations], found


def test_another_version_updates_the_cluster_in_place(standing: Checkout) -> None:
    (standing.root / "environments/not-used-by-this-layer.yaml").unlink(missing_ok=True)
    standing.describe(standing.original.replace(*SERVERLESS).replace('version: "1.33"', 'version: "1.34"'))
    found = steps(standing.idp("preview", STACK, "--json"))
    assert (found["Cluster"], found["Addon"]) == ({"update"}, {"update"})
    assert not any(
        operation.startswith(("replace", "delete", "create")) for kind in found.values() for operation in kind
    )
    before = client(standing, "eks").describe_cluster(name="idp-local")["cluster"]
    assert result(up(standing))["ok"]
    after = client(standing, "eks").describe_cluster(name="idp-local")["cluster"]
    assert (before["version"], after["version"], after["arn"]) == ("1.33", "1.34", before["arn"])
    assert result(up(standing))["changes"] == {}


def test_the_plugin_is_in_reach_of_no_other_environment(standing: Checkout) -> None:
    homes = standing.root / ".idp/pulumi"
    assert list((homes / "local").glob("plugins/resource-aws-*/pulumi-resource-aws"))
    for command in (["preview", "dev"], ["up", "dev.foundation"]):
        ran = standing.idp(*command, variables={"HOME": str(standing.root), "IDP_CACHE": cache()})
        assert ran.code == MISSING, ran
        assert re.search(r"pulumi-resource-aws \S+: not on this machine; `pulumi plugin install resource aws", ran.err)
        assert len(ran.errors()) == 1, ran
    assert [path for path in homes.rglob("*aws*") if not path.is_relative_to(homes / "local")] == []


def test_a_foreign_account_is_refused_and_nothing_is_touched(standing: Checkout) -> None:
    standing.describe(standing.original.replace(ACCOUNT, "999999999999"))
    before = there(standing)
    ran = up(standing)
    assert ran.code == FAILED, ran
    told = errors(ran)
    assert any(f"the credentials are of account {ACCOUNT}, allowed: 999999999999" in line for line in told), ran
    assert there(standing) == before


def test_a_stock_preview_of_the_workspaces_never_loads_the_aws_sdk(
    platform: Checkout, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("trap")
    (folder / "pulumi_aws").mkdir()
    (folder / "pulumi_aws/__init__.py").write_text("raise SystemExit('the AWS SDK was loaded')\n")
    trap = {"PYTHONPATH": str(folder)}
    for layer in ("workspaces", "platform"):
        assert platform.idp("preview", f"local.{layer}", variables=trap).code == 0
    caught = platform.idp("preview", STACK, variables=trap)
    assert caught.code == FAILED, "the trap works"


def test_an_emulator_that_was_killed_gets_everything_again(standing: Checkout) -> None:
    before = _vpc(standing)
    pid = json.loads((standing.root / ".idp/aws/emulator.json").read_text())["pid"]
    psutil.Process(pid).kill()
    gone = standing.idp("preview", STACK)
    assert gone.code == MISSING, gone
    assert "the AWS emulator does not run; `idp up local` starts it" in gone.err
    assert result(up(standing))["ok"]
    assert_once(standing)
    assert _vpc(standing) != before
    assert result(up(standing))["changes"] == {}


def test_credentials_that_expire_in_the_middle_of_an_up(standing: Checkout) -> None:
    assert result(standing.idp("down", STACK, "--json"))["ok"]
    faults = _faults(endpoint(standing))
    with faults, answered_by(standing, faults.endpoint):
        faults.expire(after=40)
        ran = up(standing)
        assert ran.code == FAILED, ran
        assert any("xpired" in line for line in errors(ran)), ran
        assert "Traceback" not in ran.err
    assert len(there(standing)) > 5
    continued = result(up(standing))
    assert continued["unchanged"] > 10, "what was made before is kept"
    assert_once(standing)
    assert result(up(standing))["changes"] == {}


def _faults(upstream: str) -> Any:  # noqa: ANN401 - from a folder of tests that is no package of this one
    path = REPOSITORY / "tests/idp/loopback/aws/faults.py"
    spec = importlib.util.spec_from_file_location("faults", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look themselves up there.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.Faults(upstream)


def test_what_is_protected_stays_until_somebody_knows(standing: Checkout) -> None:
    standing.describe(standing.original.replace("protect: false", "protect: true"))
    assert result(up(standing))["ok"]
    before = there(standing)
    ran = standing.idp("down", STACK)
    assert ran.code == INVALID, ran
    [line] = ran.errors()
    assert re.search(r"local\.foundation: \d+ protected resources hold data \(.*\); nothing was removed", line)
    assert "`--i-know local`" in line
    mistaken = standing.idp("down", STACK, "--i-know", "prod")
    assert mistaken.code == INVALID, mistaken
    assert mistaken.errors() == ["error --i-know: 'prod' is not allowed: local, what is to be removed"]
    assert there(standing) == before
    # The second fence is AWS's own: what is not empty stays until somebody empties it.
    full = standing.idp("down", STACK, "--i-know", "local", "--json")
    assert full.code == FAILED, full
    told = errors(full)
    assert any("idp-local-access-logs" in line and "BucketNotEmpty" in line for line in told), full
    assert len(there(standing)) < len(before)
    bucket(standing, "idp-local-access-logs").object_versions.delete()
    assert result(standing.idp("down", STACK, "--i-know", "local", "--json"))["ok"]
    assert there(standing) == []


def test_down_leaves_nothing_in_any_service(standing: Checkout) -> None:
    assert len(there(standing)) > 50
    assert result(standing.idp("down", STACK, "--json"))["ok"]
    assert there(standing) == []
    assert result(up(standing))["ok"]
