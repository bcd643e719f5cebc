"""EC2: ways out of a network, and what is recorded of its traffic."""

from __future__ import annotations

from idp.loopback.aws.tables.common import KEPT, TAGS, ec2_tags, tag_specification
from idp.loopback.provider.table import Call, If, Prop, Ready, Row

INTERNET_GATEWAY = Row(
    type="aws:ec2/internetGateway:InternetGateway",
    service="ec2",
    identity="InternetGateway.InternetGatewayId",
    create=(Call("create_internet_gateway", {"TagSpecifications": tag_specification("internet-gateway")}),),
    read=(Call("describe_internet_gateways", {"InternetGatewayIds": ["$id"]}, pick="InternetGateways[0]"),),
    update=(
        Call(
            "detach_internet_gateway",
            {"InternetGatewayId": "$id", "VpcId": "$old.vpcId"},
            on=("vpcId",),
            needs="$old.vpcId",
            by_name=False,
        ),
        Call("attach_internet_gateway", {"InternetGatewayId": "$id"}, on=("vpcId",), needs="$vpcId"),
        *ec2_tags(),
    ),
    delete=(
        Call(
            "detach_internet_gateway",
            {"InternetGatewayId": "$id", "VpcId": "$vpcId"},
            needs="$vpcId",
            may_fail=("Gateway.NotAttached",),
        ),
        Call("delete_internet_gateway", {"InternetGatewayId": "$id"}),
    ),
    properties={"vpcId": Prop(out="Attachments[0].VpcId"), **TAGS},
    computed={"arn": "arn:aws:ec2:{region}:{account}:internet-gateway/{id}", "ownerId": "$account"},
)

EIP = Row(
    type="aws:ec2/eip:Eip",
    service="ec2",
    identity="AllocationId",
    create=(Call("allocate_address", {"TagSpecifications": tag_specification("elastic-ip")}),),
    read=(Call("describe_addresses", {"AllocationIds": ["$id"]}, pick="Addresses[0]"),),
    update=ec2_tags(),
    delete=(Call("release_address", {"AllocationId": "$id"}),),
    properties={"domain": Prop(default="vpc"), **TAGS},
    computed={
        "arn": "arn:aws:ec2:{region}:{account}:elastic-ip/{id}",
        "privateIp": "PrivateIpAddress",
        "networkInterface": "NetworkInterfaceId",
        "instance": "InstanceId",
    },
    absent=("address", "associateWithPrivateIp", "ptrRecord", "privateDns", "publicDns", "ipamPoolId"),
)

NAT_GATEWAY = Row(
    type="aws:ec2/natGateway:NatGateway",
    service="ec2",
    identity="NatGateway.NatGatewayId",
    create=(Call("create_nat_gateway", {"TagSpecifications": tag_specification("natgateway")}),),
    read=(Call("describe_nat_gateways", {"NatGatewayIds": ["$id"]}, pick="NatGateways[0]"),),
    update=ec2_tags(),
    delete=(Call("delete_nat_gateway", {"NatGatewayId": "$id"}),),
    properties={
        "subnetId": Prop(),
        "allocationId": Prop(out="NatGatewayAddresses[0].AllocationId"),
        "connectivityType": Prop(default="public"),
        **TAGS,
    },
    computed={
        "associationId": "NatGatewayAddresses[0].AssociationId",
        "networkInterfaceId": "NatGatewayAddresses[0].NetworkInterfaceId",
        "privateIp": "NatGatewayAddresses[0].PrivateIp",
        "publicIp": "NatGatewayAddresses[0].PublicIp",
    },
    absent=("regionalNatGatewayAddresses", "regionalNatGatewayAutoMode", "routeTableId"),
    # One public address is in one gateway at a time.
    unique=("allocationId",),
    ready=Ready("State", ("available",), ("failed", "deleted"), seconds=600),
    gone="State == 'deleted' || State == 'failed'",
    settle=True,
)

VPC_ENDPOINT = Row(
    type="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    identity="VpcEndpoint.VpcEndpointId",
    create=(
        Call(
            "create_vpc_endpoint", {"TagSpecifications": tag_specification("vpc-endpoint"), "PolicyDocument": "$policy"}
        ),
    ),
    read=(
        Call("describe_vpc_endpoints", {"VpcEndpointIds": ["$id"]}, pick="VpcEndpoints[0]"),
        Call(
            "describe_managed_prefix_lists",
            {"Filters": [{"Name": "prefix-list-name", "Values": ["$serviceName"]}]},
            pick="PrefixLists[0].PrefixListId",
            under="PrefixListId",
            needs="$serviceName",
        ),
    ),
    update=(
        Call(
            "modify_vpc_endpoint",
            {
                "VpcEndpointId": "$id",
                "PolicyDocument": "$policy",
                "PrivateDnsEnabled": "$privateDnsEnabled",
                "AddRouteTableIds": "$added.routeTableIds",
                "RemoveRouteTableIds": "$removed.routeTableIds",
                "AddSubnetIds": "$added.subnetIds",
                "RemoveSubnetIds": "$removed.subnetIds",
                "AddSecurityGroupIds": "$added.securityGroupIds",
                "RemoveSecurityGroupIds": "$removed.securityGroupIds",
            },
            on=("policy", "privateDnsEnabled", "routeTableIds", "subnetIds", "securityGroupIds"),
            by_name=False,
        ),
        *ec2_tags(),
    ),
    delete=(Call("delete_vpc_endpoints", {"VpcEndpointIds": ["$id"]}),),
    properties={
        "vpcId": Prop(),
        "serviceName": Prop(),
        "vpcEndpointType": Prop(default="Gateway"),
        "policy": Prop(out="PolicyDocument", kept=True),
        "privateDnsEnabled": KEPT,
        "routeTableIds": KEPT,
        "subnetIds": KEPT,
        "securityGroupIds": Prop(out="Groups[].GroupId", kept=True),
        **TAGS,
    },
    computed={"arn": "arn:aws:ec2:{region}:{account}:vpc-endpoint/{id}", "ownerId": "$account"},
    absent=("cidrBlocks",),
    unique=("vpcId", "serviceName", "vpcEndpointType"),
    ready=Ready("State", ("available", "Available", "pendingAcceptance"), ("failed", "rejected"), seconds=600),
    gone="State == 'deleted'",
    settle=True,
)

FLOW_LOG = Row(
    type="aws:ec2/flowLog:FlowLog",
    service="ec2",
    identity="FlowLogIds[0]",
    create=(
        Call(
            "create_flow_logs",
            {
                "ResourceIds": [If("$vpcId", "$vpcId", If("$subnetId", "$subnetId", "$eniId"))],
                "ResourceType": If("$vpcId", "VPC", If("$subnetId", "Subnet", "NetworkInterface")),
                "DeliverLogsPermissionArn": "$iamRoleArn",
                "TagSpecifications": tag_specification("vpc-flow-log"),
            },
        ),
    ),
    read=(Call("describe_flow_logs", {"FlowLogIds": ["$id"]}, pick="FlowLogs[0]"),),
    update=ec2_tags(),
    delete=(Call("delete_flow_logs", {"FlowLogIds": ["$id"]}),),
    properties={
        "vpcId": Prop(out="ResourceId && starts_with(ResourceId, 'vpc-') && ResourceId || null"),
        "subnetId": Prop(out="ResourceId && starts_with(ResourceId, 'subnet-') && ResourceId || null"),
        "eniId": Prop(out="ResourceId && starts_with(ResourceId, 'eni-') && ResourceId || null"),
        "trafficType": KEPT,
        "logDestinationType": Prop(default="cloud-watch-logs"),
        "logDestination": KEPT,
        "logFormat": KEPT,
        "iamRoleArn": Prop(out="DeliverLogsPermissionArn"),
        "maxAggregationInterval": Prop(default=600),
        **TAGS,
    },
    computed={"arn": "arn:aws:ec2:{region}:{account}:vpc-flow-log/{id}"},
    # EC2 refuses a second flow log of one source to one destination.
    unique=("vpcId", "subnetId", "eniId", "logDestination"),
)

ROWS = (INTERNET_GATEWAY, EIP, NAT_GATEWAY, VPC_ENDPOINT, FLOW_LOG)
