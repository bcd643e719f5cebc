"""The emulator of a checkout, looked at with boto3: the one witness that is neither ours nor Pulumi's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from idp.loopback.aws.leftovers import leftovers

from .checkout import Checkout

REGION = "eu-central-1"
ACCOUNT = "123456789012"

COUNTED = {
    "ec2 describe_vpcs": "aws:ec2/vpc:Vpc",
    "ec2 describe_subnets": "aws:ec2/subnet:Subnet",
    "ec2 describe_nat_gateways": "aws:ec2/natGateway:NatGateway",
    "ec2 describe_addresses": "aws:ec2/eip:Eip",
    "ec2 describe_vpc_endpoints": "aws:ec2/vpcEndpoint:VpcEndpoint",
    "ec2 describe_flow_logs": "aws:ec2/flowLog:FlowLog",
    "ec2 describe_launch_templates": "aws:ec2/launchTemplate:LaunchTemplate",
    "eks list_clusters": "aws:eks/cluster:Cluster",
    "eks list_pod_identity_associations": "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "iam list_roles": "aws:iam/role:Role",
    "iam list_open_id_connect_providers": "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "kms list_aliases": "aws:kms/alias:Alias",
    "kms list_keys": "aws:kms/key:Key",
    "logs describe_log_groups": "aws:cloudwatch/logGroup:LogGroup",
    "route53 list_hosted_zones": "aws:route53/zone:Zone",
    "acm list_certificates": "aws:acm/certificate:Certificate",
    "s3 list_buckets": "aws:s3/bucket:Bucket",
    "ecr describe_repositories": "aws:ecr/repository:Repository",
}
"""What the emulator lists -> the type whose resources are listed there, one for one."""


def endpoint(checkout: Checkout) -> str:
    """Return where the emulator says that it answers; whoever sits there now may be somebody else."""
    found: str = json.loads(_record(checkout))["endpoint"]
    return found


def client(checkout: Checkout, service: str) -> Any:  # noqa: ANN401 - boto3's clients have no types
    """Return a client of a service at the emulator."""
    return boto3.client(service, **_where(checkout))


def bucket(checkout: Checkout, name: str) -> Any:  # noqa: ANN401 - as above
    """Return a bucket, to empty it."""
    return boto3.resource("s3", **_where(checkout)).Bucket(name)


def there(checkout: Checkout) -> list[str]:
    """Return a line for each resource in the emulator."""
    return leftovers(endpoint(checkout))


def assert_once(checkout: Checkout, context: str = "") -> None:
    """Assert that what the state lists is in the emulator, each once, and nothing beside it."""
    kinds = [resource["type"] for resource in checkout.checkpoint("foundation").get("resources") or []]
    in_state = {listing: kinds.count(kind) for listing, kind in COUNTED.items()}
    # What has no region of its own is listed in each.
    once = {line.rpartition(" (")[0] for line in there(checkout)}
    listed = Counter(line.partition(":")[0] for line in once)
    differ = {listing: (listed[listing], count) for listing, count in in_state.items() if listed[listing] != count}
    assert not differ, f"in the emulator, in the state: {differ} {context}"


@contextmanager
def answered_by(checkout: Checkout, address: str) -> Iterator[None]:
    """Let stack programs find somebody else where the emulator is."""
    path = checkout.root / ".idp/aws/emulator.json"
    before = _record(checkout)
    path.write_text(json.dumps({**json.loads(before), "endpoint": address}))
    try:
        yield
    finally:
        path.write_text(before)


def _where(checkout: Checkout) -> dict[str, str]:
    # The emulator takes any credentials.
    return {
        "region_name": REGION,
        "endpoint_url": endpoint(checkout),
        "aws_access_key_id": "witness",
        "aws_secret_access_key": "witness",
    }


def _record(checkout: Checkout) -> str:
    return (checkout.root / ".idp/aws/emulator.json").read_text()
