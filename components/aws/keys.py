"""Customer-managed keys, one for each purpose, so that who reads one thing can't read another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import kms

from components.aws.iam import Statement, document

PURPOSES: Mapping[str, tuple[str, ...]] = {
    "cluster": ("eks",),
    "volumes": ("ec2",),
    "buckets": ("s3",),
    "registry": ("ecr",),
    "logs": ("logs",),
    "unseal": (),
}
"""Purpose -> services through which principals of the account may use the key; Vault unseals with `unseal` directly."""

ROTATION_DAYS = 365
"""Yearly, AWS's default and what CIS AWS Foundations 3.6 asks for."""

DELETION_DAYS = 30
"""The longest window: a key deleted by mistake can be had back for that long."""

_ADMINISTER = (
    "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:DeleteAlias", "kms:DescribeKey",
    "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy",
    "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)  # fmt: skip
_CRYPT = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
_REENCRYPT = ("kms:ReEncryptFrom", "kms:ReEncryptTo")
_USE = ("kms:DescribeKey", *_CRYPT)

THE_KEY = "in a key's own policy `*` is the key itself (docs.aws.amazon.com/kms, Key policies)"


@dataclass(frozen=True, kw_only=True)
class KeysArgs:
    """Arguments of `Keys`."""

    account_id: pulumi.Input[str]
    """Account whose IAM policies decide who administers the keys."""
    region: pulumi.Input[str]
    """Region of the services that use the keys."""
    alias_prefix: pulumi.Input[str]
    """Aliases are `alias/PREFIX-PURPOSE`."""
    protect: bool = True
    """Whether deletion is refused: what a key sealed is lost with it."""
    purposes: Sequence[str] = field(default_factory=lambda: tuple(PURPOSES))
    """Which keys to make."""


class Keys(pulumi.ComponentResource):
    """One key for each purpose, rotated yearly, usable only through the services it is for."""

    arns: pulumi.Output[Mapping[str, str]]
    """Purpose -> ARN of the key."""

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:Keys", name, {}, opts)
        made: dict[str, pulumi.Output[str]] = {}
        for purpose in args.purposes:
            key = kms.Key(
                f"{name}-{purpose}",
                description=f"{purpose} of the platform",
                enable_key_rotation=True,
                rotation_period_in_days=ROTATION_DAYS,
                deletion_window_in_days=DELETION_DAYS,
                policy=document(*_policy(purpose, args)),
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
            kms.Alias(
                f"{name}-{purpose}",
                name=pulumi.Output.format("alias/{0}-{1}", args.alias_prefix, purpose),
                target_key_id=key.key_id,
                opts=pulumi.ResourceOptions(parent=self),
            )
            made[purpose] = key.arn
        self.arns = pulumi.Output.all(**made)
        self.register_outputs({"arns": self.arns})


def _policy(purpose: str, args: KeysArgs) -> list[Statement]:
    account = {"AWS": [pulumi.Output.format("arn:aws:iam::{0}:root", args.account_id)]}
    return [
        Statement(sid="Administer", actions=_ADMINISTER, resources=["*"], principals=account, reason=THE_KEY),
        *(_through_service(service, account, args) for service in PURPOSES.get(purpose, ()) if service != "logs"),
        *(_autoscaling(args) if "ec2" in PURPOSES.get(purpose, ()) else []),
        *(_logs(args) if "logs" in PURPOSES.get(purpose, ()) else []),
        *([_directly(account)] if not PURPOSES.get(purpose) else []),
    ]


def _through_service(service: str, account: Mapping[str, list[pulumi.Output[str]]], args: KeysArgs) -> Statement:
    return Statement(
        sid="Use",
        actions=_USE,
        resources=["*"],
        principals=account,
        conditions={
            "StringEquals": {
                "kms:CallerAccount": args.account_id,
                "kms:ViaService": pulumi.Output.format("{0}.{1}.amazonaws.com", service, args.region),
            }
        },
        reason=THE_KEY,
    )


def _autoscaling(args: KeysArgs) -> list[Statement]:
    """Return what lets EC2 Auto Scaling start nodes with encrypted volumes.

    Its service-linked role has no rights of its own to a key of ours (docs.aws.amazon.com/autoscaling/ec2, Required key
    policy). It is named in a condition because a key's policy takes no principal that does not exist yet.
    """
    role = "arn:aws:iam::{0}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    its: dict[str, Mapping[str, pulumi.Input[object]]] = {
        "ArnEquals": {"aws:PrincipalArn": pulumi.Output.format(role, args.account_id)},
        "StringEquals": {"kms:CallerAccount": args.account_id},
    }
    anyone = {"AWS": ["*"]}
    reason = f"the condition names one role; {THE_KEY}"
    return [
        Statement(
            sid="Nodes",
            actions=(*_USE, *_REENCRYPT),
            resources=["*"],
            principals=anyone,
            conditions=its,
            reason=reason,
        ),
        Statement(
            sid="NodesAttach",
            actions=["kms:CreateGrant"],
            resources=["*"],
            principals=anyone,
            conditions={**its, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            reason=reason,
        ),
    ]


def _directly(account: Mapping[str, list[pulumi.Output[str]]]) -> Statement:
    return Statement(
        sid="Use",
        actions=("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"),
        resources=["*"],
        principals=account,
        reason=THE_KEY,
    )


def _logs(args: KeysArgs) -> list[Statement]:
    """Return what lets CloudWatch Logs, a principal of its own, encrypt log groups of the account.

    It names the log group in the encryption context, which looking at a key has not
    (docs.aws.amazon.com/AmazonCloudWatch/latest/logs, Encrypt log data).
    """
    service = {"Service": [pulumi.Output.format("logs.{0}.amazonaws.com", args.region)]}
    groups = pulumi.Output.format("arn:aws:logs:{0}:{1}:log-group:*", args.region, args.account_id)
    return [
        Statement(
            sid="Logs",
            actions=(*_CRYPT, *_REENCRYPT),
            resources=["*"],
            principals=service,
            conditions={"StringLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            reason=THE_KEY,
        ),
        Statement(sid="LogsDescribe", actions=["kms:DescribeKey"], resources=["*"], principals=service, reason=THE_KEY),
    ]
