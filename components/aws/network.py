"""The VPC: three kinds of subnets per zone, and no way in or out that is not named here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_aws import cloudwatch, ec2, iam, vpc

from components.aws.cidr import ZoneSubnets, cut
from components.aws.iam import ROLE_PATH, Statement, document, trust_service

INTERFACE_SERVICES = ("ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "kms", "logs", "sts")
"""Services that nodes and pods reach without leaving the VPC (docs.aws.amazon.com/eks, Private clusters)."""

LOG_DAYS = 365
"""How long flow logs are kept."""


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Arguments of `Network`."""

    region: str
    """Region of the VPC."""
    cidr: str
    """IPv4 range of the VPC, /16 to /20."""
    zones: Sequence[str]
    """Names of the availability zones, each once."""
    nat_per_zone: bool
    """Whether each zone has a NAT gateway of its own; one for all is cheaper and fails with its zone."""
    logs_key_arn: pulumi.Input[str]
    """Key that encrypts the flow logs."""
    permissions_boundary_arn: pulumi.Input[str] | None = None
    """The most that the flow logs' role may ever do; a deploying pipeline can make no role without."""


class Network(pulumi.ComponentResource):
    """VPC, subnets, routes, NAT, endpoints and flow logs; the default security group lets nothing through."""

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    cidr: pulumi.Output[str]
    """Its IPv4 range."""
    private_subnet_ids: pulumi.Output[Sequence[str]]
    """Subnets of nodes and pods: out through NAT, nothing in."""
    public_subnet_ids: pulumi.Output[Sequence[str]]
    """Subnets of load balancers and NAT gateways."""
    intra_subnet_ids: pulumi.Output[Sequence[str]]
    """Subnets without any route out: the cluster's control plane and the endpoints."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:Network", name, {}, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self._vpc = ec2.Vpc(
            name,
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=self._child,
        )
        ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=self._vpc.id, ingress=[], egress=[], opts=self._child)
        self._internet = ec2.InternetGateway(
            f"{name}-internet", vpc_id=self._vpc.id, tags={"Name": name}, opts=self._child
        )
        plan = cut(IPv4Network(args.cidr), args.zones)
        public = self._public(plan)
        private, private_tables = self._private(plan, public, per_zone=args.nat_per_zone)
        intra, intra_table = self._intra(plan)
        self._endpoints(args.region, intra, [*private_tables, intra_table], args.cidr)
        self._flow_logs(args)
        self.vpc_id = self._vpc.id
        self.cidr = self._vpc.cidr_block
        self.private_subnet_ids = pulumi.Output.all(*(subnet.id for subnet in private.values()))
        self.public_subnet_ids = pulumi.Output.all(*(subnet.id for subnet in public.values()))
        self.intra_subnet_ids = pulumi.Output.all(*(subnet.id for subnet in intra.values()))
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "cidr": self.cidr,
                "private_subnet_ids": self.private_subnet_ids,
                "public_subnet_ids": self.public_subnet_ids,
                "intra_subnet_ids": self.intra_subnet_ids,
            }
        )

    def _public(self, plan: Mapping[str, ZoneSubnets]) -> dict[str, ec2.Subnet]:
        table = self._table("public")
        self._default_route("public", table, gateway_id=self._internet.id)
        # The load balancer controller looks for this tag (docs.aws.amazon.com/eks, Subnet requirements).
        return {
            zone: self._subnet("public", zone, str(cidrs.public), table, {"kubernetes.io/role/elb": "1"})
            for zone, cidrs in plan.items()
        }

    def _private(
        self, plan: Mapping[str, ZoneSubnets], public: Mapping[str, ec2.Subnet], *, per_zone: bool
    ) -> tuple[dict[str, ec2.Subnet], list[ec2.RouteTable]]:
        first, *_ = plan
        gateways = {zone: self._nat(zone, public[zone]) for zone in (plan if per_zone else [first])}
        subnets, tables = {}, []
        for zone, cidrs in plan.items():
            table = self._table(f"private-{zone}")
            self._default_route(f"private-{zone}", table, nat_gateway_id=gateways.get(zone, gateways[first]).id)
            tags = {"kubernetes.io/role/internal-elb": "1"}
            subnets[zone] = self._subnet("private", zone, str(cidrs.private), table, tags)
            tables.append(table)
        return subnets, tables

    def _intra(self, plan: Mapping[str, ZoneSubnets]) -> tuple[dict[str, ec2.Subnet], ec2.RouteTable]:
        table = self._table("intra")
        return {zone: self._subnet("intra", zone, str(cidrs.intra), table, {}) for zone, cidrs in plan.items()}, table

    def _nat(self, zone: str, subnet: ec2.Subnet) -> ec2.NatGateway:
        name = f"{self._name}-nat-{zone}"
        # EC2 makes none in a VPC without a way out, and detaches no way out that still has addresses.
        after = pulumi.ResourceOptions(parent=self, depends_on=[self._internet])
        address = ec2.Eip(name, domain="vpc", tags={"Name": name}, opts=after)
        return ec2.NatGateway(
            name, allocation_id=address.allocation_id, subnet_id=subnet.id, tags={"Name": name}, opts=after
        )

    def _table(self, kind: str) -> ec2.RouteTable:
        name = f"{self._name}-{kind}"
        return ec2.RouteTable(name, vpc_id=self._vpc.id, tags={"Name": name}, opts=self._child)

    def _default_route(
        self,
        kind: str,
        table: ec2.RouteTable,
        gateway_id: pulumi.Output[str] | None = None,
        nat_gateway_id: pulumi.Output[str] | None = None,
    ) -> None:
        ec2.Route(
            f"{self._name}-{kind}-default",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self._child,
        )

    def _subnet(self, kind: str, zone: str, cidr: str, table: ec2.RouteTable, tags: Mapping[str, str]) -> ec2.Subnet:
        name = f"{self._name}-{kind}-{zone}"
        subnet = ec2.Subnet(
            name,
            vpc_id=self._vpc.id,
            availability_zone=zone,
            cidr_block=cidr,
            # Not even public subnets hand out public addresses: load balancers and NAT bring their own.
            map_public_ip_on_launch=False,
            tags={"Name": name, **tags},
            opts=self._child,
        )
        ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=table.id, opts=self._child)
        return subnet

    def _endpoints(
        self, region: str, subnets: Mapping[str, ec2.Subnet], tables: Sequence[ec2.RouteTable], cidr: str
    ) -> None:
        group = ec2.SecurityGroup(
            f"{self._name}-endpoints",
            vpc_id=self._vpc.id,
            description="HTTPS from the VPC to the interface endpoints",
            tags={"Name": f"{self._name}-endpoints"},
            opts=self._child,
        )
        vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints-https",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=cidr,
            opts=self._child,
        )
        ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags={"Name": f"{self._name}-s3"},
            opts=self._child,
        )
        for service in INTERFACE_SERVICES:
            name = f"{self._name}-{service.replace('.', '-')}"
            ec2.VpcEndpoint(
                name,
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.id for subnet in subnets.values()],
                security_group_ids=[group.id],
                tags={"Name": name},
                opts=self._child,
            )

    def _flow_logs(self, args: NetworkArgs) -> None:
        name = f"{self._name}-flow-logs"
        group = cloudwatch.LogGroup(
            name, name=f"/idp/{name}", retention_in_days=LOG_DAYS, kms_key_id=args.logs_key_arn, opts=self._child
        )
        role = iam.Role(
            name,
            path=ROLE_PATH,
            permissions_boundary=args.permissions_boundary_arn,
            assume_role_policy=trust_service("vpc-flow-logs.amazonaws.com"),
            opts=self._child,
        )
        write = Statement(
            sid="Write",
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[group.arn, pulumi.Output.format("{0}:log-stream:*", group.arn)],
            reason="the service names the streams, one for each network interface of the VPC",
        )
        iam.RolePolicy(name, role=role.name, policy=document(write), opts=self._child)
        ec2.FlowLog(
            name,
            vpc_id=self._vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags={"Name": name},
            opts=self._child,
        )
