"""EC2: security groups and their rules."""

from __future__ import annotations

from idp.loopback.aws.tables import permissions
from idp.loopback.aws.tables.common import TAGS, ec2_tags, tag_specification
from idp.loopback.provider.table import Call, If, Prop, Quirk, Row

_READ = (
    Call("describe_security_groups", {"GroupIds": ["$id"]}, pick="SecurityGroups[0]"),
    Quirk(permissions.read),
)
_RULES = Quirk(permissions.synchronise, on=("ingress", "egress"))
_ARN = "arn:aws:ec2:{region}:{account}:security-group/{id}"

SECURITY_GROUP = Row(
    type="aws:ec2/securityGroup:SecurityGroup",
    service="ec2",
    identity="GroupId",
    create=(
        Call("create_security_group", {"GroupName": "$name", "TagSpecifications": tag_specification("security-group")}),
    ),
    after=(Quirk(permissions.revoke_first_rules),),
    read=_READ,
    update=(_RULES, *ec2_tags()),
    delete=(Call("delete_security_group", {"GroupId": "$id"}),),
    properties={
        "name": Prop(out="GroupName"),
        "description": Prop(default="Managed by Pulumi"),
        "vpcId": Prop(kept=True),
        "ingress": Prop(out="ingressRules", kept=True, normal=permissions.normal),
        "egress": Prop(out="egressRules", kept=True, normal=permissions.normal),
        **TAGS,
    },
    computed={"arn": _ARN, "ownerId": "$account"},
    absent=("namePrefix", "revokeRulesOnDelete"),
    autoname="name",
    unique=("name", "vpcId"),
)

DEFAULT_SECURITY_GROUP = Row(
    type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    service="ec2",
    identity="SecurityGroups[0].GroupId",
    # It is there with its VPC: a creation adopts it, and a deletion leaves it to the VPC's.
    create=(
        Call(
            "describe_security_groups",
            {
                "Filters": [
                    {"Name": "group-name", "Values": ["default"]},
                    {"Name": "vpc-id", "Values": ["$vpcId"]},
                ]
            },
            by_name=False,
        ),
    ),
    after=(Quirk(permissions.synchronise),),
    read=_READ,
    update=(_RULES, *ec2_tags()),
    delete=(),
    properties={
        "vpcId": Prop(kept=True),
        "ingress": Prop(default=[], out="ingressRules", normal=permissions.normal),
        "egress": Prop(default=[], out="egressRules", normal=permissions.normal),
        **TAGS,
    },
    computed={"arn": _ARN, "name": "GroupName", "ownerId": "$account"},
    absent=("namePrefix", "revokeRulesOnDelete"),
)


def _rule(direction: str) -> Row:
    kind = f"SecurityGroup{direction.capitalize()}Rule"
    permission = {
        "IpProtocol": "$ipProtocol",
        "FromPort": "$fromPort",
        "ToPort": "$toPort",
        "IpRanges": If("$cidrIpv4", [{"CidrIp": "$cidrIpv4", "Description": "$description"}]),
        "Ipv6Ranges": If("$cidrIpv6", [{"CidrIpv6": "$cidrIpv6", "Description": "$description"}]),
        "PrefixListIds": If("$prefixListId", [{"PrefixListId": "$prefixListId", "Description": "$description"}]),
        "UserIdGroupPairs": If(
            "$referencedSecurityGroupId", [{"GroupId": "$referencedSecurityGroupId", "Description": "$description"}]
        ),
    }
    rule = {
        "IpProtocol": "$ipProtocol",
        "FromPort": "$fromPort",
        "ToPort": "$toPort",
        "CidrIpv4": "$cidrIpv4",
        "CidrIpv6": "$cidrIpv6",
        "PrefixListId": "$prefixListId",
        "ReferencedGroupId": "$referencedSecurityGroupId",
        "Description": "$description",
    }
    peers = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
    return Row(
        type=f"aws:vpc/{kind[0].lower()}{kind[1:]}:{kind}",
        service="ec2",
        identity="SecurityGroupRules[0].SecurityGroupRuleId",
        create=(
            Call(
                f"authorize_security_group_{direction}",
                {
                    "GroupId": "$securityGroupId",
                    "IpPermissions": [permission],
                    "TagSpecifications": tag_specification("security-group-rule"),
                },
                by_name=False,
            ),
        ),
        read=(Call("describe_security_group_rules", {"SecurityGroupRuleIds": ["$id"]}, pick="SecurityGroupRules[0]"),),
        update=(
            Call(
                "modify_security_group_rules",
                {
                    "GroupId": "$securityGroupId",
                    "SecurityGroupRules": [{"SecurityGroupRuleId": "$id", "SecurityGroupRule": rule}],
                },
                on=("ipProtocol", "fromPort", "toPort", *peers, "description"),
                by_name=False,
            ),
            *ec2_tags(),
        ),
        delete=(
            Call(
                f"revoke_security_group_{direction}",
                {"GroupId": "$securityGroupId", "SecurityGroupRuleIds": ["$id"]},
                by_name=False,
            ),
        ),
        properties={
            "securityGroupId": Prop(out="GroupId"),
            "ipProtocol": Prop(),
            # The service says -1 for the ports of a rule that has none.
            "fromPort": Prop(out="FromPort", default=-1),
            "toPort": Prop(out="ToPort", default=-1),
            "cidrIpv4": Prop(),
            "cidrIpv6": Prop(),
            "prefixListId": Prop(),
            "referencedSecurityGroupId": Prop(out="ReferencedGroupInfo.GroupId"),
            "description": Prop(default=""),
            **TAGS,
        },
        computed={"arn": "arn:aws:ec2:{region}:{account}:security-group-rule/{id}", "securityGroupRuleId": "$id"},
    )


ROWS = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, _rule("ingress"), _rule("egress"))
