"""A stack of the real engine and the real SDK, with the plugin in between."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp import toolchain
from idp.loopback.aws import plugin
from tests.stack_folder import lay_out, run_engine

ACCOUNT = "111122223333"
REGION = "eu-central-1"
PASSWORD = "never-to-be-seen-5f0c"  # noqa: S105 (a value to look for)

PROGRAM = f'''
import json
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
url = config.require("endpoint")
services = ("acm", "cloudwatchlogs", "ec2", "ecr", "eks", "iam", "kms", "route53", "s3", "sts")
provider = aws.Provider(
    "aws",
    region="{REGION}",
    access_key="loopback",
    secret_key=config.require_secret("secret"),
    allowed_account_ids=[config.get("account") or "{ACCOUNT}"],
    endpoints=[{{service: url for service in services}}],
    default_tags={{"tags": {{"owner": "platform"}}}},
    skip_metadata_api_check=True,
)
here = pulumi.ResourceOptions(provider=provider)
identity = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(provider=provider))
vpc = aws.ec2.Vpc("vpc", cidr_block=config.get("cidr") or "10.0.0.0/16", enable_dns_hostnames=True, opts=here)
subnets = [
    aws.ec2.Subnet(f"subnet-{{zone}}", vpc_id=vpc.id, cidr_block=f"10.0.{{index}}.0/24",
                   availability_zone=f"{REGION}{{zone}}", opts=here)
    for index, zone in enumerate("ab")
]
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, opts=here)
address = aws.ec2.Eip("address", domain="vpc", opts=here)
nat = aws.ec2.NatGateway("nat", subnet_id=subnets[0].id, allocation_id=address.id, opts=here)
table = aws.ec2.RouteTable("table", vpc_id=vpc.id, opts=here)
aws.ec2.Route("route", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", nat_gateway_id=nat.id, opts=here)
aws.ec2.RouteTableAssociation("association", route_table_id=table.id, subnet_id=subnets[0].id, opts=here)
aws.ec2.DefaultSecurityGroup("default", vpc_id=vpc.id, opts=here)
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, opts=here)
aws.vpc.SecurityGroupIngressRule(
    "https", security_group_id=group.id, ip_protocol="tcp", from_port=443, to_port=443, cidr_ipv4="10.0.0.0/8",
    opts=here,
)
key = aws.kms.Key("key", enable_key_rotation=True, opts=here)
aws.kms.Alias("alias", target_key_id=key.id, opts=here)
logs = aws.cloudwatch.LogGroup("logs", retention_in_days=30, opts=here)
trust = json.dumps({{"Version": "2012-10-17", "Statement": [
    {{"Effect": "Allow", "Principal": {{"Service": "eks.amazonaws.com"}}, "Action": "sts:AssumeRole"}}]}})
role = aws.iam.Role("role", assume_role_policy=trust, opts=here)
cluster = aws.eks.Cluster(
    "cluster", role_arn=role.arn, version=config.get("version") or "1.33",
    vpc_config={{"subnet_ids": [subnet.id for subnet in subnets], "endpoint_private_access": True}},
    encryption_config={{"provider": {{"key_arn": key.arn}}, "resources": ["secrets"]}},
    enabled_cluster_log_types=["api", "audit"], opts=here,
)
aws.eks.NodeGroup(
    "nodes", cluster_name=cluster.name, node_role_arn=role.arn, subnet_ids=[subnet.id for subnet in subnets],
    scaling_config={{"desired_size": 1, "min_size": 1, "max_size": 2}}, opts=here,
)
aws.eks.Addon("cni", cluster_name=cluster.name, addon_name="vpc-cni", opts=here)
aws.eks.AccessEntry("entry", cluster_name=cluster.name, principal_arn=role.arn, opts=here)
repository = aws.ecr.Repository("repository", image_tag_mutability="IMMUTABLE", opts=here)
zone = aws.route53.Zone("zone", name="platform.example", force_destroy=True, opts=here)
certificate = aws.acm.Certificate("certificate", domain_name="*.platform.example", validation_method="DNS", opts=here)
option = certificate.domain_validation_options[0]
record = aws.route53.Record(
    "record", zone_id=zone.zone_id, name=option.resource_record_name, type=option.resource_record_type, ttl=60,
    records=[option.resource_record_value], opts=here,
)
aws.acm.CertificateValidation(
    "validation", certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn], opts=here
)
bucket = aws.s3.Bucket("bucket", tags={{"note": config.require_secret("note")}}, force_destroy=True, opts=here)
aws.s3.BucketVersioning(
    "versioning", bucket=bucket.id, versioning_configuration={{"status": "Enabled"}}, opts=here
)
pulumi.export("account", identity.account_id)
pulumi.export("vpc", vpc.id)
pulumi.export("group", group.id)
pulumi.export("logs", logs.name)
pulumi.export("cluster", cluster.endpoint)
adopted = aws.eks.get_cluster_output(
    name=config.get("adopted") or cluster.name, opts=pulumi.InvokeOutputOptions(provider=provider)
)
pulumi.export("adopted", {{"endpoint": adopted.endpoint, "authority": adopted.certificate_authorities[0].data}})
pulumi.export("authority", cluster.certificate_authority.data)
'''


@dataclass
class Stack:
    folder: Path
    environment: dict[str, str]
    pulumi: Path

    def run(self, *arguments: str, fails: bool = False) -> str:
        output = run_engine(self.pulumi, self.folder, self.environment, *arguments, fails=fails, seconds=300)
        assert PASSWORD not in output
        return output

    def config(self, key: str, value: str) -> None:
        self.run("config", "set", key, value)

    def up(self, *arguments: str, fails: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", *arguments, fails=fails)

    def outputs(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run("stack", "output", "--json"))
        return told

    def resources(self) -> list[dict[str, Any]]:
        """Return what the state has of AWS."""
        exported = json.loads(self.run("stack", "export"))
        return [one for one in exported["deployment"].get("resources", []) if one["type"].startswith("aws:")]


def make(folder: Path, endpoint: str) -> Stack:
    """Return a new stack in `folder` of the program, whose AWS answers at `endpoint`."""
    tools = toolchain.ensure(print, toolchain.ENGINE)
    binary = tools.path("pulumi")
    executable = plugin.install(folder / "home")
    assert stat.S_IMODE(executable.stat().st_mode) == 0o700
    environment = {
        **lay_out(folder, "loopback", PROGRAM, binary),
        # Nothing of this may decide anything.
        "AWS_ENDPOINT_URL": "http://192.0.2.1",
        "AWS_PROFILE": "somebody",
    }
    made = Stack(folder, environment, binary)
    made.run("stack", "init", "e2e")
    made.config("endpoint", endpoint)
    made.run("config", "set", "--secret", "secret", PASSWORD)
    made.run("config", "set", "--secret", "note", PASSWORD)
    return made
