"""Buckets are spoken to over TLS alone."""

from __future__ import annotations

from policies import buckets
from policies.buckets import BUCKET, is_value
from policies.iam import Statement, allows, does, is_about_every, is_for_everyone, listed, read
from policies.plain import UNKNOWN, Plain, at
from policies.rule import NotYetKnown, Resource, Severity, StackRule
from policies.samples import declared
from policies.truth import Truth, every, opposite, some

_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket")
_OBJECT = "bucket/5f1c/any"


def _refuses_plain(policy: Resource) -> Truth:
    found = list(read(at(policy.props, "policy"), "policy"))
    if any(isinstance(one, NotYetKnown) for one in found):
        return None
    return some(_denies_plain(one) for one in found if isinstance(one, Statement))


def _denies_plain(statement: Statement) -> Truth:
    return every(
        (
            opposite(allows(statement)),
            is_for_everyone(statement),
            *(does(statement, action) for action in _ACTIONS),
            _is_about_objects(statement),
            _is_for_plain(statement.element("Condition")),
        )
    )


def _is_about_objects(statement: Statement) -> Truth:
    # `arn:aws:s3:::NAME/*` has the bucket's own name in it, and a policy can be about no other bucket.
    ends = (None if one is UNKNOWN else isinstance(one, str) and one.endswith("/*") for one in _resources(statement))
    return some((is_about_every(statement, _OBJECT), *ends))


def _resources(statement: Statement) -> list[Plain]:
    return listed(statement.element("Resource"))


def _is_for_plain(condition: Plain) -> Truth:
    """Tell whether a condition is that the request is not over TLS, and nothing beside that."""
    if condition is UNKNOWN:
        return None
    if not isinstance(condition, dict) or [operator.lower() for operator in condition] != ["bool"]:
        return False
    (keys,) = condition.values()
    if keys is UNKNOWN:
        return None
    if not isinstance(keys, dict) or [key.lower() for key in keys] != ["aws:securetransport"]:
        return False
    return every(is_value(one, "false", False) for (value,) in [keys.values()] for one in listed(value) or [None])


_PLAIN: dict[str, Plain] = {"Bool": {"aws:SecureTransport": "false"}}


def _policy(bucket: str = "a", effect: str = "Deny", **changes: Plain) -> Resource:
    statement: dict[str, Plain] = {
        "Effect": effect,
        "Principal": {"AWS": ["*"]},
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::a/*"],
        "Condition": _PLAIN,
    }
    return declared(buckets.token("BucketPolicy"), bucket=bucket, policy={"Statement": [{**statement, **changes}]})


_BUCKET = declared(BUCKET, bucket="a")

RULE = StackRule(
    id="s3_tls",
    title="Buckets refuse requests without TLS",
    severity=Severity.MEDIUM,
    why="S3 also answers over plain HTTP, where anybody on the way reads objects and signatures.",
    remedy="Add a `BucketPolicy` that denies `s3:*` to `*` where `aws:SecureTransport` is false, in this stack.",
    standards=("FSBP 1.0.0 S3.5", "CIS AWS 3.0.0 2.1.1", "CIS AWS 5.0.0 2.1.1"),
    types=buckets.kinds("Bucket", "BucketPolicy"),
    check=buckets.each(
        "BucketPolicy",
        _refuses_plain,
        "answers without TLS; allowed is a bucket whose policy denies everything where aws:SecureTransport is false",
    ),
    passing=(
        (),
        (_BUCKET, _policy()),
        (_BUCKET, _policy(Principal="*", Action=["s3:*"], Resource="*")),
        (_BUCKET, _policy(Condition={"bool": {"AWS:SecureTransport": [False]}}, Action="*")),
        (
            _BUCKET,
            declared(
                buckets.token("BucketPolicy"),
                bucket="a",
                policy='{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*",'
                ' "Resource": "arn:aws:s3:::a/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}}',
            ),
        ),
    ),
    failing=(
        (_BUCKET,),
        (_BUCKET, _policy("b")),
        (_BUCKET, _policy(effect="Allow")),
        (_BUCKET, _policy(Principal={"AWS": "arn:aws:iam::123456789012:root"})),
        (_BUCKET, _policy(Action="s3:GetObject")),
        (_BUCKET, _policy(Action=["s3:Get*", "s3:Put*"])),
        (_BUCKET, _policy(Action=["s3:Get*", "s3:List*"])),
        (_BUCKET, _policy(Resource=["arn:aws:s3:::a", "arn:aws:s3:::a/one"])),
        (_BUCKET, _policy(Condition=None)),
        (_BUCKET, _policy(Condition={"Bool": {"aws:SecureTransport": "true"}})),
        (_BUCKET, _policy(Condition={"Bool": {"aws:SecureTransport": []}})),
        (_BUCKET, _policy(Condition={"Bool": {"aws:SecureTransport": ["false", "true"]}})),
        (_BUCKET, _policy(Condition={"StringEquals": {"aws:SecureTransport": "false"}})),
        (_BUCKET, _policy(Condition={"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}})),
        (_BUCKET, _policy(Condition={**_PLAIN, "StringEquals": {"aws:PrincipalTag/a": "b"}})),
        (_BUCKET, declared(buckets.token("BucketPolicy"), bucket="a", policy="{")),
    ),
)
