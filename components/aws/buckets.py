"""Buckets: private, encrypted, versioned, over TLS only, and emptied of what has grown old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components.aws.iam import Statement, document

ACCESS_LOGS = "access-logs"

KEEP_DAYS: Mapping[str, int] = {"vault-snapshots": 90, "runner-cache": 14, ACCESS_LOGS: 365}
"""Purpose -> days after which an object expires."""

OLD_VERSION_DAYS = 30
"""Days for which an overwritten or deleted object can be had back."""


@dataclass(frozen=True, kw_only=True)
class BucketsArgs:
    """Arguments of `Buckets`."""

    prefix: pulumi.Input[str]
    """Buckets are named `PREFIX-PURPOSE`; names are unique in all of AWS."""
    account_id: pulumi.Input[str]
    """Account whose buckets may log here."""
    key_arn: pulumi.Input[str]
    """Key that encrypts what is stored; access logs are encrypted by S3 itself, which is all it supports for them."""
    protect: bool = True
    """Whether deletion is refused, and of what is not empty in any case."""


class Buckets(pulumi.ComponentResource):
    """One bucket for each purpose; all but the one for access logs log there who read what."""

    names: pulumi.Output[Mapping[str, str]]
    """Purpose -> name of the bucket."""

    def __init__(self, name: str, args: BucketsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:Buckets", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        logs, writable = self._bucket(ACCESS_LOGS)
        made = {ACCESS_LOGS: logs.bucket}
        for purpose in KEEP_DAYS:
            if purpose != ACCESS_LOGS:
                bucket, _ = self._bucket(purpose)
                self._log(purpose, bucket, logs, writable)
                made[purpose] = bucket.bucket
        self.names = pulumi.Output.all(**made)
        self.register_outputs({"names": self.names})

    def _bucket(self, purpose: str) -> tuple[s3.Bucket, s3.BucketPolicy]:
        name = f"{self._name}-{purpose}"
        bucket = s3.Bucket(
            name,
            bucket=pulumi.Output.format("{0}-{1}", self._args.prefix, purpose),
            # What is made to be thrown away goes with what is in it.
            force_destroy=not self._args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protect),
        )
        s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        s3.BucketOwnershipControls(
            name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=self._child
        )
        s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=self._child
        )
        s3.BucketServerSideEncryptionConfiguration(
            name, bucket=bucket.bucket, rules=[self._encryption(purpose)], opts=self._child
        )
        s3.BucketLifecycleConfiguration(name, bucket=bucket.bucket, rules=[_expiry(purpose)], opts=self._child)
        policy = s3.BucketPolicy(
            name, bucket=bucket.bucket, policy=document(*self._policy(purpose, bucket)), opts=self._child
        )
        return bucket, policy

    def _log(self, purpose: str, bucket: s3.Bucket, logs: s3.Bucket, writable: s3.BucketPolicy) -> None:
        s3.BucketLogging(
            f"{self._name}-{purpose}",
            bucket=bucket.bucket,
            target_bucket=logs.bucket,
            target_prefix=f"{purpose}/",
            # S3 refuses a target that its logging service may not write to yet.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[writable]),
        )

    def _encryption(self, purpose: str) -> s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
        if purpose == ACCESS_LOGS:
            return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
        return {
            "apply_server_side_encryption_by_default": {
                "sse_algorithm": "aws:kms",
                "kms_master_key_id": self._args.key_arn,
            },
            "bucket_key_enabled": True,
        }

    def _policy(self, purpose: str, bucket: s3.Bucket) -> list[Statement]:
        everything = [bucket.arn, pulumi.Output.format("{0}/*", bucket.arn)]
        tls = Statement(
            sid="TlsOnly",
            effect="Deny",
            actions=["s3:*"],
            resources=everything,
            principals={"AWS": ["*"]},
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )
        if purpose != ACCESS_LOGS:
            return [tls]
        write = Statement(
            sid="AccessLogs",
            actions=["s3:PutObject"],
            resources=[pulumi.Output.format("{0}/*", bucket.arn)],
            principals={"Service": ["logging.s3.amazonaws.com"]},
            conditions={"StringEquals": {"aws:SourceAccount": self._args.account_id}},
        )
        return [tls, write]


def _expiry(purpose: str) -> s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": "expire",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "expiration": {"days": KEEP_DAYS[purpose]},
        "noncurrent_version_expiration": {"noncurrent_days": OLD_VERSION_DAYS},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
    }
