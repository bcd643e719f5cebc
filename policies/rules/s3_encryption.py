"""What lies in buckets is encrypted with a key that somebody can take away."""

from __future__ import annotations

from collections.abc import Sequence

from policies import buckets
from policies.buckets import BUCKET, is_value, takes_logs
from policies.companions import Judge
from policies.iam import listed
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Resource, Severity, StackRule
from policies.samples import declared
from policies.truth import Truth, some

_KIND = "BucketServerSideEncryptionConfiguration"


def _is_with_key(configuration: Resource) -> Truth:
    return _has_key(at(configuration.props, "rules"))


def _by_itself(everything: Sequence[Resource]) -> Judge:
    for_logs = takes_logs(everything)
    return lambda bucket: some((_has_key(_inline(bucket)), for_logs(bucket)))


def _inline(bucket: Resource) -> Plain:
    return at(bucket.props, "serverSideEncryptionConfiguration", "rule")


def _has_key(rules: Plain) -> Truth:
    chosen = (at(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm") for rule in listed(rules))
    return some(None if one is UNKNOWN else is_value(one, "aws:kms", "aws:kms:dsse") for one in chosen)


def _rule(algorithm: Plain) -> dict[str, Plain]:
    return {"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}


def _configuration(algorithm: Plain, bucket: str = "a") -> Resource:
    return declared(buckets.token(_KIND), bucket=bucket, rules=[_rule(algorithm)])


_BUCKET = declared(BUCKET, bucket="a")
_LOGGING = declared(buckets.token("BucketLogging"), bucket="b", targetBucket="a")

RULE = StackRule(
    id="s3_encryption",
    title="Buckets are encrypted with a key of KMS",
    severity=Severity.MEDIUM,
    why="With S3's own key whoever reads the bucket reads its content; a key of KMS is a second lock, with a log.",
    remedy="Add a `BucketServerSideEncryptionConfiguration` with `aws:kms` and a key, in this stack; a bucket that "
    "takes access logs needs none.",
    standards=("AWS SecurityHub S3.17",),
    types=buckets.kinds("Bucket", _KIND, "BucketLogging"),
    check=buckets.each(
        _KIND, _is_with_key, "is not encrypted with a key; allowed is `aws:kms`, set in this stack", _by_itself
    ),
    passing=(
        (),
        (_BUCKET, _configuration("aws:kms")),
        (_BUCKET, _configuration("aws:kms:dsse")),
        (declared(BUCKET, bucket="a", serverSideEncryptionConfiguration={"rule": _rule("aws:kms")}),),
        (_BUCKET, _LOGGING, _configuration("AES256")),
    ),
    failing=(
        (_BUCKET,),
        (_BUCKET, _configuration("AES256")),
        (_BUCKET, _configuration("aws:kms", "b")),
        (declared(BUCKET, bucket="c"), _LOGGING),
        (declared(BUCKET, bucket="a", serverSideEncryptionConfiguration={"rule": _rule("AES256")}),),
    ),
)
