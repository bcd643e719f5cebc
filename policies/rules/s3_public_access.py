"""Every bucket refuses to become public."""

from __future__ import annotations

from policies import buckets
from policies.buckets import BUCKET, is_value
from policies.plain import Plain, at
from policies.rule import Resource, Severity, StackRule
from policies.samples import declared
from policies.truth import Truth, every

_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _blocks(block: Resource) -> Truth:
    return every(is_value(at(block.props, switch), True) for switch in _SWITCHES)


def _block(bucket: Plain = "a", **changes: Plain) -> Resource:
    on: dict[str, Plain] = dict.fromkeys(_SWITCHES, True)
    return declared(buckets.token("BucketPublicAccessBlock"), **{"bucket": bucket, **on, **changes})


_BUCKET = declared(BUCKET, bucket="a")

RULE = StackRule(
    id="s3_public_access",
    title="Buckets block public access",
    severity=Severity.CRITICAL,
    why="One access list or policy too many puts a bucket on the internet; the block holds whatever they say.",
    remedy="Add a `BucketPublicAccessBlock` with all four switches on for the bucket, in this stack.",
    standards=("FSBP 1.0.0 S3.8", "CIS AWS 3.0.0 2.1.4", "CIS AWS 5.0.0 2.1.4"),
    types=buckets.kinds("Bucket", "BucketPublicAccessBlock"),
    check=buckets.each(
        "BucketPublicAccessBlock",
        _blocks,
        "has no BucketPublicAccessBlock in this stack with all four switches on; allowed is a bucket with one",
    ),
    passing=(
        (),
        (_BUCKET, _block()),
        (declared("aws:s3/bucketV2:BucketV2", id="a"), _block("b"), _block()),
        (_block("other"),),
    ),
    failing=(
        (_BUCKET,),
        (_BUCKET, _block("b")),
        (declared(BUCKET, bucket="b"), _BUCKET, _block("b")),
        *((_BUCKET, _block(**{switch: False})) for switch in _SWITCHES),
        *((_BUCKET, _block(**{switch: None})) for switch in _SWITCHES),
    ),
)
