"""EC2: networks and subnets."""

from __future__ import annotations

from idp.loopback.aws.tables.common import KEPT, TAGS, ec2_tags, tag_specification
from idp.loopback.provider.table import Call, Function, Prop, Row, Step


def _vpc_attribute(name: str, member: str) -> tuple[Step, Step]:
    """Return the read and the update of one attribute: EC2 gives and takes them one at a time."""
    read = Call(
        "describe_vpc_attribute",
        {"VpcId": "$id", "Attribute": name},
        pick=f"{member}.Value",
        under=member,
        by_name=False,
    )
    update = Call("modify_vpc_attribute", {"VpcId": "$id", member: {"Value": f"${name}"}}, on=(name,), by_name=False)
    return read, update


def _subnet_attribute(name: str, member: str) -> Step:
    return Call(
        "modify_subnet_attribute", {"SubnetId": "$id", member: {"Value": f"${name}"}}, on=(name,), by_name=False
    )


def _of_vpc(operation: str, condition: str, pick: str, under: str) -> Step:
    """Return the read of something AWS makes with each VPC."""
    key, value = condition.split("=")
    filters = [{"Name": "vpc-id", "Values": ["$id"]}, {"Name": key, "Values": [value]}]
    return Call(operation, {"Filters": filters}, pick=pick, under=under)


_SUPPORT, _SET_SUPPORT = _vpc_attribute("enableDnsSupport", "EnableDnsSupport")
_HOSTNAMES, _SET_HOSTNAMES = _vpc_attribute("enableDnsHostnames", "EnableDnsHostnames")
_METRICS, _SET_METRICS = _vpc_attribute("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics")

VPC = Row(
    type="aws:ec2/vpc:Vpc",
    service="ec2",
    identity="Vpc.VpcId",
    create=(Call("create_vpc", {"TagSpecifications": tag_specification("vpc")}),),
    read=(
        Call("describe_vpcs", {"VpcIds": ["$id"]}, pick="Vpcs[0]"),
        _SUPPORT,
        _HOSTNAMES,
        _METRICS,
        _of_vpc(
            "describe_security_groups", "group-name=default", "SecurityGroups[0].GroupId", "DefaultSecurityGroupId"
        ),
        _of_vpc("describe_network_acls", "default=true", "NetworkAcls[0].NetworkAclId", "DefaultNetworkAclId"),
        _of_vpc("describe_route_tables", "association.main=true", "RouteTables[0].RouteTableId", "MainRouteTableId"),
    ),
    update=(_SET_SUPPORT, _SET_HOSTNAMES, _SET_METRICS, *ec2_tags()),
    delete=(Call("delete_vpc", {"VpcId": "$id"}),),
    properties={
        "cidrBlock": Prop(kept=True),
        "enableDnsHostnames": Prop(default=False),
        "enableDnsSupport": Prop(default=True),
        "enableNetworkAddressUsageMetrics": Prop(default=False),
        "instanceTenancy": Prop(default="default"),
        **TAGS,
    },
    computed={
        "arn": "arn:aws:ec2:{region}:{account}:vpc/{id}",
        "ownerId": "$account",
        "defaultRouteTableId": "MainRouteTableId",
        "dhcpOptionsId": "DhcpOptionsId",
    },
    absent=("ipv6AssociationId",),
)

SUBNET = Row(
    type="aws:ec2/subnet:Subnet",
    service="ec2",
    identity="Subnet.SubnetId",
    create=(Call("create_subnet", {"TagSpecifications": tag_specification("subnet")}),),
    read=(Call("describe_subnets", {"SubnetIds": ["$id"]}, pick="Subnets[0]"),),
    update=(
        _subnet_attribute("mapPublicIpOnLaunch", "MapPublicIpOnLaunch"),
        _subnet_attribute("assignIpv6AddressOnCreation", "AssignIpv6AddressOnCreation"),
        *ec2_tags(),
    ),
    delete=(Call("delete_subnet", {"SubnetId": "$id"}),),
    properties={
        "vpcId": Prop(),
        "cidrBlock": KEPT,
        "availabilityZone": KEPT,
        "availabilityZoneId": KEPT,
        "mapPublicIpOnLaunch": Prop(default=False),
        "assignIpv6AddressOnCreation": Prop(default=False),
        **TAGS,
    },
    computed={"arn": "arn:aws:ec2:{region}:{account}:subnet/{id}", "ownerId": "$account"},
    absent=("ipv6CidrBlockAssociationId",),
    unique=("vpcId", "cidrBlock"),
)

GET_VPC = Function(
    token="aws:ec2/getVpc:getVpc",  # noqa: S106 (a name of the SDK, not a secret)
    service="ec2",
    # By id alone, of which there is one: the official plugin refuses to choose among several.
    call=Call("describe_vpcs", {"VpcIds": ["$id"]}, pick="Vpcs[?VpcId=={id}] | [0]"),
    arguments=("id",),
    computed={
        "arn": "arn:aws:ec2:{region}:{account}:vpc/{id}",
        "id": "VpcId",
        "default": "IsDefault",
        "cidrBlockAssociations": "CidrBlockAssociationSet[].{associationId: AssociationId, cidrBlock: CidrBlock, "
        "state: CidrBlockState.State}",
    },
    # EC2 tells these by operations of their own.
    absent=(
        "enableDnsHostnames",
        "enableDnsSupport",
        "enableNetworkAddressUsageMetrics",
        "mainRouteTableId",
        "filters",
        "ipv6AssociationId",
        "ipv6CidrBlock",
        "ipv6CidrBlockAssociations",
    ),
)

FUNCTIONS = (GET_VPC,)

ROWS = (VPC, SUBNET)
