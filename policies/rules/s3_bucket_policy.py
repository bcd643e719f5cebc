"""Buckets and their access lists are for principals that somebody named."""

from __future__ import annotations

from collections.abc import Iterator

from policies.iam import judged, read
from policies.kinds import exactly
from policies.openness import SAYS, is_open
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared

_POLICY, _ACL, _BUCKET = "aws:s3/bucketPolicy:BucketPolicy", "aws:s3/bucketAcl:BucketAcl", "aws:s3/bucket:Bucket"
_OPEN = ("public-read", "public-read-write", "authenticated-read")
"""Lists of S3 that are for everybody, or for everybody with an account of AWS."""


def _check(resource: Resource) -> Iterator[Finding]:
    policy, acl = at(resource.props, "policy"), at(resource.props, "acl")
    if resource.kind == "BucketPolicy" or policy is not None:
        yield from judged(read(policy, "policy"), is_open, SAYS, readable=True)
    if acl is UNKNOWN:
        yield NotYetKnown("acl")
    elif acl in _OPEN:
        yield Violation("is for everybody; allowed is `private`, or a list for one of AWS's own services", "acl")


def _policy(principal: Plain, effect: str = "Allow", **more: Plain) -> Resource:
    statement: Plain = {"Effect": effect, "Action": "s3:GetObject", "Principal": principal, **more}
    return declared(_POLICY, bucket="a", policy={"Statement": [statement]})


RULE = Rule(
    id="s3_bucket_policy",
    title="No bucket is for everybody",
    severity=Severity.CRITICAL,
    why="A bucket that everybody reads is found within hours, and one that everybody writes serves what others put in.",
    remedy="Name the principals, or add a condition such as `aws:PrincipalOrgID`; publish through CloudFront.",
    standards=("FSBP 1.0.0 S3.2", "FSBP 1.0.0 S3.3"),
    types=exactly(
        BucketPolicy=_POLICY,
        BucketAcl=f"{_ACL} aws:s3/bucketAclV2:BucketAclV2",
        Bucket=f"{_BUCKET} aws:s3/bucketV2:BucketV2",
    ),
    check=_check,
    passing=(
        declared(_BUCKET),
        declared(_BUCKET, acl="private"),
        declared(_ACL, acl="log-delivery-write"),
        _policy({"Service": "logging.s3.amazonaws.com"}),
        _policy({"AWS": "*"}, "Deny"),
        _policy("*", Condition={"StringEquals": {"aws:PrincipalOrgID": ["o-1"]}}),
        _policy("*", Condition={"StringLike": {"aws:SourceVpce": "vpce-1"}}),
    ),
    failing=(
        _policy("*"),
        _policy({"AWS": ["*"]}),
        _policy("*", Condition={"StringLike": {"aws:PrincipalOrgID": "*"}}),
        _policy("*", Condition={"StringEquals": {"aws:Referer": "https://acme.example"}}),
        declared(_POLICY, policy="{"),
        declared(_BUCKET, policy='{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}}'),
        declared(_BUCKET, acl="public-read-write"),
        *(declared(_ACL, acl=acl) for acl in _OPEN),
    ),
)
