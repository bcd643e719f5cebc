"""EC2: launch templates."""

from __future__ import annotations

import jmespath

from idp.loopback.aws.tables.common import TAGS, ec2_tags, tag_specification
from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, Literal, Prop, Quirk, Row

_CONTENT = (
    "blockDeviceMappings",
    "cpuOptions",
    "disableApiStop",
    "disableApiTermination",
    "ebsOptimized",
    "enclaveOptions",
    "iamInstanceProfile",
    "imageId",
    "instanceInitiatedShutdownBehavior",
    "instanceType",
    "kernelId",
    "keyName",
    "maintenanceOptions",
    "metadataOptions",
    "monitoring",
    "networkInterfaces",
    "placement",
    "privateDnsNameOptions",
    "tagSpecifications",
    "userData",
    "vpcSecurityGroupIds",
)
"""What is in a version of the template; any change makes a new version."""

_MEMBERS = {"vpcSecurityGroupIds": "SecurityGroupIds"}


def _content(name: str) -> Prop:
    member = _MEMBERS.get(name, name)
    # moto puts the tags of the template itself among those of what is launched from it.
    chosen = "[?ResourceType!='launch-template']" if name == "tagSpecifications" else ""
    return Prop(member=member, out=f"Version.LaunchTemplateData.{member[0].upper()}{member[1:]}{chosen}")


def _set_default(context: Context) -> None:
    """Make a version the default: the latest if the program says so, else the one it names, else none."""
    version = context.inputs.get("defaultVersion")
    if context.inputs.get("updateDefaultVersion"):
        answer = context.send("describe_launch_templates", LaunchTemplateIds=[context.id])
        version = jmespath.search("LaunchTemplates[0].LatestVersionNumber", answer)
    if version is not None:
        context.send("modify_launch_template", LaunchTemplateId=context.id, DefaultVersion=version)


LAUNCH_TEMPLATE = Row(
    type="aws:ec2/launchTemplate:LaunchTemplate",
    service="ec2",
    identity="LaunchTemplate.LaunchTemplateId",
    create=(
        Call(
            "create_launch_template",
            {
                "LaunchTemplateName": "$name",
                "VersionDescription": "$description",
                "TagSpecifications": tag_specification("launch-template"),
                "LaunchTemplateData": {},
            },
            within="LaunchTemplateData",
        ),
    ),
    read=(
        Call("describe_launch_templates", {"LaunchTemplateIds": ["$id"]}, pick="LaunchTemplates[0]"),
        Call(
            "describe_launch_template_versions",
            {"LaunchTemplateId": "$id", "Versions": [Literal("$Latest")]},
            pick="LaunchTemplateVersions[0]",
            under="Version",
        ),
        # moto's description has the tags of the template's creation for good.
        Call(
            "describe_tags",
            {"Filters": [{"Name": "resource-id", "Values": ["$id"]}]},
            pick="{tags: Tags[].{Key: Key, Value: Value}}",
        ),
    ),
    update=(
        Call(
            "create_launch_template_version",
            {"LaunchTemplateId": "$id", "VersionDescription": "$description", "LaunchTemplateData": {}},
            on=(*_CONTENT, "description"),
            within="LaunchTemplateData",
        ),
        Quirk(_set_default, on=(*_CONTENT, "description", "updateDefaultVersion", "defaultVersion")),
        *ec2_tags(),
    ),
    delete=(Call("delete_launch_template", {"LaunchTemplateId": "$id"}),),
    properties={
        "name": Prop(out="LaunchTemplateName"),
        "description": Prop(out="Version.VersionDescription"),
        "defaultVersion": Prop(out="DefaultVersionNumber", kept=True),
        "updateDefaultVersion": Prop(local=True),
        **{name: _content(name) for name in _CONTENT},
        **TAGS,
    },
    computed={
        "arn": "arn:aws:ec2:{region}:{account}:launch-template/{id}",
        "latestVersion": "LatestVersionNumber",
    },
    absent=("namePrefix",),
    autoname="name",
    unique=("name",),
)

ROWS = (LAUNCH_TEMPLATE,)
