"""EC2: route tables, their routes and the subnets that use them."""

from __future__ import annotations

from idp.loopback.aws.tables.common import TAGS, ec2_tags, tag_specification
from idp.loopback.provider.table import Call, If, Prop, Row

_TABLE = {"RouteTableIds": ["$routeTableId"]}
_DESTINATION = {
    "RouteTableId": "$routeTableId",
    "DestinationCidrBlock": "$destinationCidrBlock",
    "DestinationIpv6CidrBlock": "$destinationIpv6CidrBlock",
    "DestinationPrefixListId": "$destinationPrefixListId",
}
_TARGETS = (
    "gatewayId",
    "natGatewayId",
    "vpcEndpointId",
    "transitGatewayId",
    "egressOnlyGatewayId",
    "networkInterfaceId",
    "vpcPeeringConnectionId",
)
_TARGET_MEMBERS = {
    "EgressOnlyInternetGatewayId": "$egressOnlyGatewayId",
}

ROUTE_TABLE = Row(
    type="aws:ec2/routeTable:RouteTable",
    service="ec2",
    identity="RouteTable.RouteTableId",
    create=(Call("create_route_table", {"TagSpecifications": tag_specification("route-table")}),),
    read=(Call("describe_route_tables", {"RouteTableIds": ["$id"]}, pick="RouteTables[0]"),),
    update=ec2_tags(),
    delete=(Call("delete_route_table", {"RouteTableId": "$id"}),),
    # Its routes are `aws.ec2.Route` resources: routes written in the table as well would fight with those.
    properties={"vpcId": Prop(), **TAGS},
    computed={"arn": "arn:aws:ec2:{region}:{account}:route-table/{id}", "ownerId": "$account"},
    absent=("routes", "propagatingVgws"),
)

ROUTE = Row(
    type="aws:ec2/route:Route",
    service="ec2",
    identity="{routeTableId}_{destination}",
    create=(Call("create_route", {**_DESTINATION, **_TARGET_MEMBERS}),),
    read=(
        Call(
            "describe_route_tables",
            _TABLE,
            pick="RouteTables[0].Routes[?DestinationCidrBlock=={destination} || "
            "DestinationIpv6CidrBlock=={destination} || DestinationPrefixListId=={destination}] | [0]",
            by_name=False,
        ),
    ),
    update=(Call("replace_route", {**_DESTINATION, **_TARGET_MEMBERS}, on=_TARGETS),),
    delete=(Call("delete_route", _DESTINATION, by_name=False),),
    properties={
        "routeTableId": Prop(out="$routeTableId"),
        "destinationCidrBlock": Prop(),
        "destinationIpv6CidrBlock": Prop(),
        "destinationPrefixListId": Prop(),
        **{name: Prop() for name in _TARGETS},
        "egressOnlyGatewayId": Prop(out="EgressOnlyInternetGatewayId"),
    },
    derived={
        "destination": If(
            "$destinationCidrBlock",
            "$destinationCidrBlock",
            If("$destinationIpv6CidrBlock", "$destinationIpv6CidrBlock", "$destinationPrefixListId"),
        )
    },
    unique=("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
)

ROUTE_TABLE_ASSOCIATION = Row(
    type="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    identity="AssociationId",
    create=(Call("associate_route_table"),),
    read=(
        Call(
            "describe_route_tables",
            {"Filters": [{"Name": "association.route-table-association-id", "Values": ["$id"]}]},
            pick="RouteTables[].Associations[] | [?RouteTableAssociationId=={id}] | [0]",
        ),
    ),
    delete=(Call("disassociate_route_table", {"AssociationId": "$id"}),),
    # EC2 gives an association that moves to another table a new id, which an update could not tell the engine.
    properties={"routeTableId": Prop(), "subnetId": Prop(), "gatewayId": Prop()},
    unique=("subnetId", "gatewayId"),
)

ROWS = (ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)
