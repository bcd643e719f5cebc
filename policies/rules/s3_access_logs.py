"""Buckets write down who read what."""

from __future__ import annotations

from collections.abc import Sequence

from policies import buckets
from policies.buckets import BUCKET, takes_logs
from policies.companions import Judge
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Resource, Severity, StackRule
from policies.samples import declared
from policies.truth import Truth, some


def _is_filled(value: Plain) -> Truth:
    return None if value is UNKNOWN else bool(value)


def _goes_somewhere(logging: Resource) -> Truth:
    return _is_filled(at(logging.props, "targetBucket"))


def _by_itself(everything: Sequence[Resource]) -> Judge:
    for_logs = takes_logs(everything)
    return lambda bucket: some((_is_filled(at(bucket.props, "logging", "targetBucket")), for_logs(bucket)))


def _logging(bucket: str, target: str = "logs") -> Resource:
    return declared(buckets.token("BucketLogging"), bucket=bucket, targetBucket=target)


_BUCKET, _LOGS = declared(BUCKET, bucket="a"), declared(BUCKET, bucket="logs")

RULE = StackRule(
    id="s3_access_logs",
    title="Buckets log accesses",
    severity=Severity.MEDIUM,
    why="After a leak nobody can tell which objects were read, or by whom, without a log of it.",
    remedy="Add a `BucketLogging` to a bucket for logs, in this stack; the bucket for logs needs none.",
    standards=("FSBP 1.0.0 S3.9",),
    types=buckets.kinds("Bucket", "BucketLogging"),
    check=buckets.each(
        "BucketLogging",
        _goes_somewhere,
        "logs no accesses; allowed is a bucket that does, or that takes the logs of others",
        _by_itself,
    ),
    passing=(
        (),
        (_BUCKET, _LOGS, _logging("a")),
        (_BUCKET, _logging("a", "in-another-stack")),
        (declared(BUCKET, bucket="a", logging={"targetBucket": "logs"}),),
    ),
    failing=(
        (_BUCKET,),
        (_BUCKET, _logging("b")),
        (_BUCKET, _logging("a", "")),
        (declared(BUCKET, bucket="a", logging={"targetBucket": ""}),),
    ),
)
