"""Route 53: zones and records."""

from __future__ import annotations

from idp.loopback.aws.tables import records
from idp.loopback.aws.tables.common import LOCAL, TAGS
from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, If, Prop, Quirk, Row
from idp.loopback.provider.values import Value


def _undotted(name: Value) -> Value:
    return str(name).rstrip(".").lower()


def _associate(context: Context) -> None:
    """Make a private zone's networks those wanted; new ones first, because a zone can't be without any."""
    listed = context.inputs.get("vpcs")
    wanted = {
        item["vpcId"]: item.get("vpcRegion") or context.region for item in (listed if isinstance(listed, list) else [])
    }
    told = context.send("get_hosted_zone", Id=context.id).get("VPCs")
    has = {item["VPCId"]: item["VPCRegion"] for item in (told if isinstance(told, list) else [])}
    for operation, networks, others in (
        ("associate_vpc_with_hosted_zone", wanted, has),
        ("disassociate_vpc_from_hosted_zone", has, wanted),
    ):
        for network, region in networks.items():
            if network not in others:
                context.send(operation, HostedZoneId=context.id, VPC={"VPCId": network, "VPCRegion": region})


_TAGGED = {"ResourceType": "hostedzone", "ResourceId": "$id"}

ZONE = Row(
    type="aws:route53/zone:Zone",
    service="route53",
    identity="HostedZone.Id",
    identity_prefix="/hostedzone/",
    create=(
        Call(
            "create_hosted_zone",
            {
                "CallerReference": "$nonce",
                "VPC": If(
                    "$vpcs.0",
                    {
                        "VPCId": "$vpcs.0.vpcId",
                        "VPCRegion": If("$vpcs.0.vpcRegion", "$vpcs.0.vpcRegion", "$region"),
                    },
                ),
                "HostedZoneConfig": {"Comment": "$comment", "PrivateZone": If("$vpcs", then=True)},
            },
        ),
    ),
    read=(
        Call("get_hosted_zone", {"Id": "$id"}),
        Call("list_tags_for_resource", _TAGGED, pick="{Tags: ResourceTagSet.Tags}"),
    ),
    update=(
        Call("update_hosted_zone_comment", {"Id": "$id"}, on=("comment",)),
        Quirk(_associate, on=("vpcs",)),
        Call(
            "change_tags_for_resource",
            {**_TAGGED, "AddTags": "$changed.tagsAll", "RemoveTagKeys": "$removed.tagsAll"},
            on=("tagsAll",),
            by_name=False,
        ),
    ),
    delete=(Quirk(records.empty_zone), Call("delete_hosted_zone", {"Id": "$id"})),
    properties={
        "name": Prop(out="HostedZone.Name", normal=_undotted),
        "comment": Prop(out="HostedZone.Config.Comment", default="Managed by Pulumi"),
        "vpcs": Prop(out="VPCs", kept_inside=("vpcRegion",)),
        "forceDestroy": LOCAL,
        **TAGS,
    },
    computed={
        "arn": "arn:aws:route53:::hostedzone/{id}",
        "zoneId": "$id",
        "nameServers": "DelegationSet.NameServers",
        "primaryNameServer": "DelegationSet.NameServers[0]",
    },
    absent=("delegationSetId", "enableAcceleratedRecovery"),
    autoname="",
    regional=False,
)

RECORD = Row(
    type="aws:route53/record:Record",
    service="route53",
    identity="{zoneId}_{name}_{type}",
    create=(Quirk(records.create, on=("name", "type", "zoneId", "ttl", "records", "aliases")),),
    read=(Quirk(records.read),),
    update=(Quirk(records.update, on=("ttl", "records", "aliases")),),
    delete=(Quirk(records.delete),),
    properties={
        "zoneId": Prop(out="$zoneId"),
        # Programs may leave out the zone's name.
        "name": Prop(out="$name", normal=_undotted),
        "type": Prop(out="Type"),
        "ttl": Prop(out="TTL"),
        "records": Prop(out="Values"),
        "aliases": Prop(
            out="AliasTarget && [{name: AliasTarget.DNSName, zoneId: AliasTarget.HostedZoneId, "
            "evaluateTargetHealth: AliasTarget.EvaluateTargetHealth}] || null"
        ),
        "allowOverwrite": LOCAL,
    },
    computed={"fqdn": "Fqdn"},
    unique=("zoneId", "name", "type"),
    regional=False,
)

ROWS = (ZONE, RECORD)
