"""A network, a cluster or both that are there already: used, and never changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from .aws import ACCOUNT, client, there
from .checkout import Checkout

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STACK = "local.foundation"
NAME = "legacy"


VAULT = {("idp-vault", account) for account in ("vault", "vault-snapshot", "vault-restore")}
"""Pods that the foundation gives an identity, in whichever cluster."""


@dataclass(frozen=True)
class Found:
    """What somebody made by hand."""

    vpc: str
    private: list[str]
    intra: list[str]
    endpoint: str
    """Of the cluster's API server."""


@pytest.fixture(scope="module")
def checkout(fresh: Callable[[], Checkout]) -> Checkout:
    copy = fresh()
    # Starts the emulator; the layer itself is not needed yet.
    copy.describe(yaml.safe_dump({**yaml.safe_load(copy.original), "workspaces": []}))
    assert copy.idp("up", STACK, "--json").code == 0
    assert copy.idp("down", STACK, "--json").code == 0
    assert there(copy) == []
    return copy


@pytest.fixture(scope="module")
def found(checkout: Checkout) -> Found:
    """Make a network and a cluster with boto3, as somebody has who was there before us."""
    ec2, iam, eks = (client(checkout, service) for service in ("ec2", "iam", "eks"))
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.77.{number}.0/24", AvailabilityZone=f"eu-central-1{'ab'[number % 2]}"
        )
        for number in range(4)
    ]
    ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    trust = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=NAME, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    cluster = eks.create_cluster(name=NAME, version="1.32", roleArn=role, resourcesVpcConfig={"subnetIds": ids[2:]})
    return Found(vpc, ids[:2], ids[2:], cluster["cluster"]["endpoint"])


def theirs(checkout: Checkout, found: Found) -> dict[str, Any]:
    """Return what the adopted things look like."""
    ec2, eks = client(checkout, "ec2"), client(checkout, "eks")
    mine = [{"Name": "vpc-id", "Values": [found.vpc]}]
    return {
        "vpc": ec2.describe_vpcs(VpcIds=[found.vpc])["Vpcs"],
        "subnets": ec2.describe_subnets(Filters=mine)["Subnets"],
        "tables": ec2.describe_route_tables(Filters=mine)["RouteTables"],
        # EKS puts one of its own beside each cluster, ours included.
        "groups": [
            group
            for group in ec2.describe_security_groups(Filters=mine)["SecurityGroups"]
            if not group["GroupName"].startswith("eks-cluster-sg-idp-local")
        ],
        "cluster": eks.describe_cluster(name=NAME)["cluster"],
        "entries": eks.list_access_entries(clusterName=NAME)["accessEntries"],
        "add-ons": eks.list_addons(clusterName=NAME)["addons"],
        "pools": eks.list_nodegroups(clusterName=NAME)["nodegroups"],
    }


@pytest.fixture
def describe(checkout: Checkout) -> Iterator[Callable[..., None]]:
    def write(network: dict[str, Any] | None, cluster: dict[str, Any] | None) -> None:
        document = yaml.safe_load(checkout.original)
        foundation = document["foundation"]
        foundation["network"] = network or foundation["network"]
        foundation["cluster"] = cluster or foundation["cluster"]
        # Their own GitLab, too.
        foundation["gitlab"]["url"] = "https://gitlab.acme.example"
        checkout.describe(yaml.safe_dump(document))

    yield write
    assert checkout.idp("down", STACK, "--json").code == 0
    checkout.describe(None)


@pytest.mark.parametrize("network", [True, False], ids=["their network", "our network"])
@pytest.mark.parametrize("cluster", [True, False], ids=["their cluster", "our cluster"])
def test_what_is_theirs_is_used_and_stays_as_it_is(
    checkout: Checkout, found: Found, describe: Callable[..., None], network: bool, cluster: bool
) -> None:
    existing = {"vpc_id": found.vpc, "private_subnet_ids": found.private, "intra_subnet_ids": found.intra}
    describe({"existing": existing} if network else None, {"existing": {"name": NAME}} if cluster else None)
    before, all_before = theirs(checkout, found), set(there(checkout))
    ran = checkout.idp("up", STACK, "--json")
    assert ran.code == 0, ran
    outputs = checkout.idp("outputs", STACK, "--json").json()["layers"]["foundation"]
    assert (outputs["vpc_id"] == found.vpc) is network
    assert (outputs["vpc_cidr"] == "10.77.0.0/16") is network
    assert outputs["cluster_name"] == (NAME if cluster else "idp-local")
    made = set(there(checkout)) - all_before
    assert any("describe_vpcs" in line for line in made) is not network
    assert any("list_clusters" in line for line in made) is not cluster
    assert _identities(checkout, outputs["cluster_name"]) >= VAULT
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.acme.example"
    assert any(provider in line for line in made)
    if network and not cluster:
        ours = client(checkout, "eks").describe_cluster(name="idp-local")["cluster"]["resourcesVpcConfig"]
        assert set(ours["subnetIds"]) == set(found.intra)
    assert theirs(checkout, found) == before
    again = checkout.idp("up", STACK, "--json").json()["layers"][0]
    assert again["action"] == "unchanged", again
    down = checkout.idp("down", STACK, "--json")
    assert down.code == 0, down
    assert set(there(checkout)) == all_before
    assert _identities(checkout, NAME) == set(), "the one thing that their cluster got"
    assert theirs(checkout, found) == before


def _identities(checkout: Checkout, cluster: str) -> set[tuple[str, str]]:
    """Return namespace and service account of the pods that a cluster gives roles to."""
    found = client(checkout, "eks").list_pod_identity_associations(clusterName=cluster)["associations"]
    return {(one["namespace"], one["serviceAccount"]) for one in found}


def test_a_cluster_that_is_not_there_is_one_line(
    checkout: Checkout, found: Found, describe: Callable[..., None]
) -> None:
    describe(None, {"existing": {"name": "nowhere"}})
    ran = checkout.idp("preview", STACK)
    assert ran.code == 1, ran
    assert len([line for line in ran.errors() if "nowhere" in line]) == 1, ran
    assert "Traceback" not in ran.err
    assert theirs(checkout, found)["cluster"]["name"] == NAME
