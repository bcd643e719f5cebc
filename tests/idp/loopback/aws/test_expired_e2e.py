"""Credentials that expire in the middle of an update, on the real engine: it says so, and the next one goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.loopback.aws.leftovers import leftovers
from idp.loopback.aws.server import AwsEmulator

from .faults import Faults
from .stack import ACCOUNT, REGION, Stack, make

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

LISTED = {
    "ec2 describe_vpcs": "aws:ec2/vpc:Vpc",
    "ec2 describe_subnets": "aws:ec2/subnet:Subnet",
    "ec2 describe_internet_gateways": "aws:ec2/internetGateway:InternetGateway",
    "ec2 describe_addresses": "aws:ec2/eip:Eip",
    "ec2 describe_nat_gateways": "aws:ec2/natGateway:NatGateway",
    "ec2 describe_route_tables": "aws:ec2/routeTable:RouteTable",
    "ec2 describe_security_groups": "aws:ec2/securityGroup:SecurityGroup",
    "logs describe_log_groups": "aws:cloudwatch/logGroup:LogGroup",
    "iam list_roles": "aws:iam/role:Role",
    "eks list_clusters": "aws:eks/cluster:Cluster",
    "ecr describe_repositories": "aws:ecr/repository:Repository",
    "route53 list_hosted_zones": "aws:route53/zone:Zone",
    "acm list_certificates": "aws:acm/certificate:Certificate",
    "s3 list_buckets": "aws:s3/bucket:Bucket",
    "kms list_aliases": "aws:kms/alias:Alias",
    "kms list_keys": "aws:kms/key:Key",
}
"""What the emulator can list: the resource type that it is in a state."""

BELONGING = ("ec2 describe_network_interfaces", "ec2 describe_instances", "ec2 describe_volumes")
"""What AWS makes by itself for a NAT gateway or a pool of nodes."""


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[AwsEmulator]:
    started = AwsEmulator(tmp_path / "aws", ACCOUNT)
    started.start(print)
    yield started
    started.stop(print)


def there(emulator: AwsEmulator) -> dict[str, str]:
    """Return what there is in the emulator: `OPERATION: ID` of each resource, and its type."""
    found = {}
    for line in leftovers(str(emulator.status().endpoint), (REGION,)):
        operation, _, rest = line.partition(": ")
        if operation not in BELONGING:
            found[rest.rpartition(" (")[0].removeprefix("/hostedzone/")] = LISTED[operation]
    return found


def known(stack: Stack) -> dict[str, str]:
    """Return what the state has, by id, of the types that the emulator can list."""
    resources = stack.resources()
    found = {str(one["id"]): one["type"] for one in resources if one["type"] in LISTED.values()}
    # EKS makes a group of its own with a cluster.
    clusters = [one["outputs"]["vpcConfig"] for one in resources if one["type"] == "aws:eks/cluster:Cluster"]
    groups = {settings.get("clusterSecurityGroupId") for settings in clusters} - {None}
    return {**found, **dict.fromkeys(groups, "aws:ec2/securityGroup:SecurityGroup")}


def test_an_update_fails_clearly_and_the_next_one_goes_on(tmp_path: Path, emulator: AwsEmulator) -> None:
    with Faults(str(emulator.status().endpoint)) as faults:
        (tmp_path / "program").mkdir()
        stack = make(tmp_path / "program", faults.endpoint)
        # Each time a little further; the first time nothing at all is made.
        for after in (0, 3, 8, 13, 7):
            faults.expire(after)
            said = stack.up(fails=True)
            assert faults.refused, said
            assert_clear(said)
            # Nothing is lost: what there is, the state knows.
            assert there(emulator) == known(stack)
        faults.heal()
        stack.up()
        assert there(emulator) == known(stack)
        assert set(Counter(known(stack).values())) == set(LISTED.values())
        # Whatever was begun is finished: nothing is missing where a resource takes several steps.
        stack.up("--refresh", "--expect-no-changes")

        faults.expire(after=5)
        said = stack.run("destroy", "--yes", "--skip-preview", fails=True)
        assert_clear(said)
        assert there(emulator) == known(stack)
        faults.heal()
        stack.run("destroy", "--yes", "--skip-preview")
        assert leftovers(str(emulator.status().endpoint), (REGION,)) == []


def assert_clear(said: str) -> None:
    """Assert that each resource that failed has one line that says why, and nothing else is complained of."""
    diagnostics = said.rpartition("Diagnostics:")[2].partition("Resources:")[0].partition("Outputs:")[0]
    complaints = [block for block in diagnostics.split("\n\n") if "pulumi:pulumi:Stack" not in block and block.strip()]
    assert complaints, said
    for block in complaints:
        # The resource, what the engine begins a list of reasons with, and the one reason.
        lines = [line.strip() for line in block.splitlines() if line.strip() and "1 error occurred" not in line]
        assert len(lines) == 2, said
        assert "The credentials have expired" in lines[1], said
    assert "Traceback" not in said
