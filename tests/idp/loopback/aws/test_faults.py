"""The proxy itself: what it lets through, what it refuses, and that clients understand the refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from idp.loopback.aws import client
from idp.loopback.aws.client import Client, Credentials
from idp.loopback.aws.configuration import SERVICES as ALIASES
from idp.loopback.aws.tables import ROWS
from idp.loopback.provider.api import ApiError
from idp.loopback.provider.table import Call

from .engine import REGION, SERVICES
from .faults import EXPIRED, Faults, changes_something

CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "ec2": ("create_vpc", {"CidrBlock": "10.0.0.0/16"}),
    "iam": ("create_user", {"UserName": "somebody"}),
    "sts": ("assume_role", {"RoleArn": "arn:aws:iam::111122223333:role/some", "RoleSessionName": "some"}),
    "kms": ("create_key", {}),
    "logs": ("create_log_group", {"logGroupName": "some"}),
    "acm": ("request_certificate", {"DomainName": "some.example"}),
    "ecr": ("create_repository", {"repositoryName": "some"}),
    "eks": ("delete_cluster", {"name": "some"}),
    "route53": ("create_hosted_zone", {"Name": "some.example", "CallerReference": "some"}),
    "s3": ("create_bucket", {"Bucket": "some", "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
}
each_service = pytest.mark.parametrize("service", EXPIRED)


@pytest.fixture
def faults(endpoint: str) -> Iterator[Faults]:
    with Faults(endpoint) as started:
        yield started


def _plain(service: str, endpoint: str) -> Callable[..., dict[str, Any]]:
    made: Any = botocore.session.Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106 (moto takes any)
        config=Config(proxies={}, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    operation, members = CHANGES[service]
    return lambda: getattr(made, operation)(**members)


def test_every_service_of_the_plugin_can_expire() -> None:
    assert set(EXPIRED) == {ALIASES.get(name, name) for name in SERVICES} == set(CHANGES)


@each_service
def test_clients_understand_the_refusal(faults: Faults, service: str) -> None:
    faults.expire()
    with pytest.raises(ClientError) as caught:
        _plain(service, faults.endpoint)()
    assert caught.value.response["Error"]["Code"] == EXPIRED[service].code
    assert caught.value.response["Error"]["Message"] == EXPIRED[service].message
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == EXPIRED[service].status
    assert len(faults.refused) == 1
    assert faults.changes == []


@each_service
def test_the_plugin_says_that_credentials_have_expired(faults: Faults, service: str) -> None:
    faults.expire()
    plugin = Client(REGION, Credentials("x", "x"), {service: faults.endpoint})
    operation, members = CHANGES[service]
    with pytest.raises(ApiError) as caught:
        plugin.send(service, operation, members, REGION)
    assert str(caught.value).startswith(f"{operation}: {EXPIRED[service].code}: ")
    assert "The credentials have expired: with new ones the next update goes on" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_so_many_changes_pass_and_no_more(faults: Faults) -> None:
    ec2: Any = Client(REGION, Credentials("x", "x"), {"ec2": faults.endpoint})
    made = []
    faults.expire(after=2)
    for _ in range(2):
        made.append(ec2.send("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, REGION)["Vpc"]["VpcId"])
        assert ec2.send("ec2", "describe_vpcs", {"VpcIds": made}, REGION)["Vpcs"]
    for _ in range(2):
        with pytest.raises(ApiError, match="RequestExpired"):
            ec2.send("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, REGION)
    assert len(ec2.send("ec2", "describe_vpcs", {"VpcIds": made}, REGION)["Vpcs"]) == 2
    assert faults.changes == ["ec2 CreateVpc"] * 2
    assert faults.refused == ["ec2 CreateVpc"] * 2
    faults.heal()
    for identity in made:
        ec2.send("ec2", "delete_vpc", {"VpcId": identity}, REGION)


def test_what_reads_and_what_changes() -> None:
    """By the tables: what a row reads with changes nothing, all else does."""
    for row in ROWS.values():
        for step in (*row.read, *row.create, *row.update, *row.delete):
            if isinstance(step, Call):
                model = client.operation_model(row.service, step.operation)
                rest = model.service_model.metadata["protocol"].startswith("rest")
                name = f"{model.http['method']} /" if rest else model.name
                reads = step in row.read or step.operation.startswith(("describe_", "get_", "list_"))
                assert changes_something(name) != reads, name
