"""What was overwritten or deleted in a bucket can be had back."""

from __future__ import annotations

from collections.abc import Sequence

from policies import buckets
from policies.buckets import BUCKET, is_value
from policies.companions import Judge
from policies.plain import at
from policies.rule import Resource, Severity, StackRule
from policies.samples import declared
from policies.truth import Truth


def _is_on(versioning: Resource) -> Truth:
    return is_value(at(versioning.props, "versioningConfiguration", "status"), "Enabled")


def _by_itself(_everything: Sequence[Resource]) -> Judge:
    return lambda bucket: is_value(at(bucket.props, "versioning", "enabled"), True)


def _versioning(status: str = "Enabled", bucket: str = "a") -> Resource:
    return declared(buckets.token("BucketVersioning"), bucket=bucket, versioningConfiguration={"status": status})


_BUCKET = declared(BUCKET, bucket="a")

RULE = StackRule(
    id="s3_versioning",
    title="Buckets keep old versions",
    severity=Severity.MEDIUM,
    why="Without versions one wrong command, or one extortionist, takes the only copy.",
    remedy="Add a `BucketVersioning` with `status='Enabled'` for the bucket, in this stack, and a lifecycle rule.",
    standards=("AWS SecurityHub S3.14",),
    types=buckets.kinds("Bucket", "BucketVersioning"),
    check=buckets.each("BucketVersioning", _is_on, "keeps no versions; allowed is a bucket that does", _by_itself),
    passing=(
        (),
        (_BUCKET, _versioning()),
        (declared(BUCKET, bucket="a", versioning={"enabled": True}),),
    ),
    failing=(
        (_BUCKET,),
        (_BUCKET, _versioning("Suspended")),
        (_BUCKET, _versioning(bucket="b")),
        (declared(BUCKET, bucket="a", versioning={"enabled": False}),),
    ),
)
