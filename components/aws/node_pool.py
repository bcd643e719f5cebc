"""A pool of nodes: Bottlerocket, encrypted volumes, no instance metadata for pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pulumi
from pulumi_aws import ec2, eks

HOP_LIMIT = 1
"""With one hop a pod's request for instance metadata dies on the way (AWS Security Hub EC2.170, EKS best practices)."""

TAGGED = ("instance", "volume", "network-interface")
"""What EC2 Auto Scaling makes of the launch template; no provider makes it, so no default tags of one reach it."""

SYSTEM_VOLUME, DATA_VOLUME = "/dev/xvda", "/dev/xvdb"
"""Bottlerocket's own read-only system, as large as its image; and where it keeps images and containers."""


@dataclass(frozen=True, kw_only=True)
class NodePoolArgs:
    """Arguments of `NodePool`; the cluster fills in what all its pools share."""

    instance_types: Sequence[str]
    """Types to choose from, such as `m7g.large`."""
    minimum: int
    """Fewest nodes."""
    maximum: int
    """Most nodes."""
    ami_type: str = "BOTTLEROCKET_x86_64"
    """EKS' name of the node image."""
    volume_gib: int = 50
    """Size of the data volume in GiB."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the nodes."""
    taint: str | None = None
    """`key=value`: only pods that tolerate it are scheduled here (effect NoSchedule)."""
    cluster_name: pulumi.Input[str] = ""
    """Name of the cluster."""
    role_arn: pulumi.Input[str] = ""
    """Role of the nodes."""
    subnet_ids: pulumi.Input[Sequence[str]] = ()
    """Subnets of the nodes."""
    volumes_key_arn: pulumi.Input[str] = ""
    """Key that encrypts the volumes."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the nodes, their volumes and their network interfaces."""

    def on(
        self,
        cluster_name: pulumi.Input[str],
        role_arn: pulumi.Input[str],
        subnet_ids: pulumi.Input[Sequence[str]],
        volumes_key_arn: pulumi.Input[str],
        tags: Mapping[str, str],
    ) -> NodePoolArgs:
        """Return the same settings on a cluster."""
        return replace(
            self,
            cluster_name=cluster_name,
            role_arn=role_arn,
            subnet_ids=subnet_ids,
            volumes_key_arn=volumes_key_arn,
            tags=tags,
        )


class NodePool(pulumi.ComponentResource):
    """A managed node group with its launch template."""

    def __init__(self, name: str, args: NodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:NodePool", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        template = ec2.LaunchTemplate(
            name,
            update_default_version=True,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": HOP_LIMIT,
            },
            block_device_mappings=[
                _volume(SYSTEM_VOLUME, args.volumes_key_arn),
                _volume(DATA_VOLUME, args.volumes_key_arn, args.volume_gib),
            ],
            tag_specifications=[
                ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=dict(args.tags)) for kind in TAGGED
            ],
            opts=child,
        )
        eks.NodeGroup(
            name,
            cluster_name=args.cluster_name,
            node_role_arn=args.role_arn,
            subnet_ids=args.subnet_ids,
            ami_type=args.ami_type,
            instance_types=list(args.instance_types),
            scaling_config={"min_size": args.minimum, "max_size": args.maximum, "desired_size": args.minimum},
            update_config={"max_unavailable": 1},
            labels=dict(args.labels),
            taints=[_taint(args.taint)] if args.taint else None,
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            # An autoscaler moves the number of nodes between the bounds; that is no drift.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["scalingConfig.desiredSize"]),
        )
        self.register_outputs({})


def _volume(
    device: str, key_arn: pulumi.Input[str], gib: int | None = None
) -> ec2.LaunchTemplateBlockDeviceMappingArgs:
    """Return an encrypted volume, of the image's own size where none is given."""
    return ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=device,
        ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            encrypted="true", kms_key_id=key_arn, volume_size=gib, volume_type="gp3", delete_on_termination="true"
        ),
    )


def _taint(text: str) -> eks.NodeGroupTaintArgs:
    key, _, value = text.partition("=")
    return eks.NodeGroupTaintArgs(key=key, value=value, effect="NO_SCHEDULE")
