"""moto and the recorder in this process, the plugin behind real gRPC, and what resources need to stand on."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.config import Config
from werkzeug.serving import make_server

from idp.loopback.aws.recorder.app import Application
from idp.loopback.aws.serve import QuietHandler

from .engine import REGION, Engine

if TYPE_CHECKING:
    from botocore.client import BaseClient

ACCOUNT = "111122223333"


class World:
    """Resources that others refer to, made on first use; and moto spoken to behind the plugin's back."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.count = 0
        self._blocks = itertools.count()

    def unique(self, prefix: str = "x") -> str:
        self.count += 1
        return f"{prefix}-{self.count}"

    def block(self) -> str:
        """Return a range of the VPC that no other subnet has."""
        number = next(self._blocks)
        return f"10.0.{number // 16}.{number % 16 * 16}/28"

    def aws(self, service: str) -> BaseClient:
        client: BaseClient = botocore.session.Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.engine.endpoint,
            aws_access_key_id="loopback",
            aws_secret_access_key="loopback",  # noqa: S106
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )
        return client

    def made(self, token: str, **inputs: Any) -> Any:  # noqa: ANN401
        return self.engine.create(token, inputs, self.unique("made"))

    def subnet_of(self, index: int) -> str:
        zone = f"{REGION}{'abc'[index % 3]}"
        made = self.made("aws:ec2/subnet:Subnet", vpcId=self.vpc, cidrBlock=self.block(), availabilityZone=zone)
        return str(made.id)

    @cached_property
    def vpc(self) -> str:
        return str(self.made("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id)

    @cached_property
    def other_vpc(self) -> str:
        return str(self.made("aws:ec2/vpc:Vpc", cidrBlock="10.9.0.0/16").id)

    @cached_property
    def subnets(self) -> list[str]:
        return [self.subnet_of(index) for index in range(3)]

    @cached_property
    def gateway(self) -> str:
        return str(self.made("aws:ec2/internetGateway:InternetGateway", vpcId=self.vpc).id)

    @cached_property
    def tables(self) -> list[str]:
        return [str(self.made("aws:ec2/routeTable:RouteTable", vpcId=self.vpc).id) for _ in range(2)]

    @cached_property
    def groups(self) -> list[str]:
        return [str(self.made("aws:ec2/securityGroup:SecurityGroup", vpcId=self.vpc).id) for _ in range(2)]

    def address(self) -> str:
        return str(self.made("aws:ec2/eip:Eip").id)

    @cached_property
    def keys(self) -> list[Any]:
        return [self.made("aws:kms/key:Key", description="of the world").outputs for _ in range(2)]

    @cached_property
    def roles(self) -> list[Any]:
        return [self.made("aws:iam/role:Role", assumeRolePolicy=TRUST).outputs for _ in range(2)]

    @cached_property
    def policies(self) -> list[str]:
        return [str(self.made("aws:iam/policy:Policy", policy=ALLOW).outputs["arn"]) for _ in range(2)]

    @cached_property
    def clusters(self) -> list[str]:
        return [self.cluster() for _ in range(2)]

    def cluster(self) -> str:
        made = self.made(
            "aws:eks/cluster:Cluster", roleArn=self.roles[0]["arn"], vpcConfig={"subnetIds": self.subnets[:2]}
        )
        return str(made.outputs["name"])

    def entry(self, cluster: str) -> str:
        arn = f"arn:aws:iam::{ACCOUNT}:role/{self.unique('entry')}"
        return str(
            self.made("aws:eks/accessEntry:AccessEntry", clusterName=cluster, principalArn=arn).outputs["principalArn"]
        )

    @cached_property
    def repositories(self) -> list[str]:
        return [str(self.made("aws:ecr/repository:Repository").id) for _ in range(2)]

    @cached_property
    def zones(self) -> list[str]:
        return [str(self.made("aws:route53/zone:Zone", name=f"{self.unique('zone')}.example").id) for _ in range(2)]

    def bucket(self) -> str:
        return str(self.made("aws:s3/bucket:Bucket", forceDestroy=True).id)

    @cached_property
    def certificates(self) -> list[str]:
        made = [
            self.made("aws:acm/certificate:Certificate", domainName=f"{self.unique('c')}.example") for _ in range(2)
        ]
        return [str(item.id) for item in made]

    @cached_property
    def launch_templates(self) -> list[Any]:
        return [self.made("aws:ec2/launchTemplate:LaunchTemplate", instanceType="m6i.large") for _ in range(2)]


TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, '
    '"Action": "sts:AssumeRole"}]}'
)
ALLOW = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", '
    '"Resource": "arn:aws:s3:::bucket/*"}]}'
)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    application = Application(ACCOUNT)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def engine(endpoint: str) -> Iterator[Engine]:
    started = Engine(endpoint)
    started.configure(defaultTags='{"tags": {"owner": "platform"}}', allowedAccountIds=f'["{ACCOUNT}"]')
    yield started
    started.server.stop(1).wait()


@pytest.fixture(scope="session")
def world(engine: Engine) -> World:
    return World(engine)
