"""Keys are for principals that somebody named."""

from __future__ import annotations

from collections.abc import Iterator

from policies.iam import judged, read
from policies.kinds import exactly
from policies.openness import SAYS, is_open
from policies.plain import Plain, at
from policies.rule import Finding, Resource, Rule, Severity
from policies.samples import declared


def _check(resource: Resource) -> Iterator[Finding]:
    policy = at(resource.props, "policy")
    # Without one KMS writes its own: the account's policies decide.
    if policy is not None or resource.kind == "KeyPolicy":
        yield from judged(read(policy, "policy"), is_open, SAYS, readable=True)


def _key(principal: Plain, effect: str = "Allow", **more: Plain) -> Resource:
    statement: Plain = {"Effect": effect, "Action": "kms:*", "Resource": "*", "Principal": principal, **more}
    return declared("aws:kms/key:Key", policy={"Statement": [statement]})


RULE = Rule(
    id="kms_key_policy",
    title="No key is for everybody",
    severity=Severity.CRITICAL,
    why="A key whose policy names `*` encrypts and decrypts for every account of AWS.",
    remedy="Name the account's root, roles or services; or add a condition such as `kms:CallerAccount`.",
    standards=("FSBP 1.0.0 KMS.5",),
    types=exactly(
        Key="aws:kms/key:Key",
        ExternalKey="aws:kms/externalKey:ExternalKey",
        ReplicaKey="aws:kms/replicaKey:ReplicaKey",
        ReplicaExternalKey="aws:kms/replicaExternalKey:ReplicaExternalKey",
        KeyPolicy="aws:kms/keyPolicy:KeyPolicy",
    ),
    check=_check,
    passing=(
        declared("aws:kms/key:Key"),
        _key({"AWS": "arn:aws:iam::123456789012:root"}),
        _key({"Service": ["logs.eu-central-1.amazonaws.com"]}),
        _key("*", "Deny"),
        _key({"AWS": ["*"]}, Condition={"StringEquals": {"kms:CallerAccount": "123456789012"}}),
        _key("*", Condition={"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/a"}}),
    ),
    failing=(
        _key("*"),
        _key({"AWS": "*"}),
        _key({"AWS": ["arn:aws:iam::123456789012:root", "*"]}),
        _key("*", Condition={"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/a"}}),
        _key("*", Condition={"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}),
        _key("*", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        declared("aws:kms/replicaKey:ReplicaKey", policy={"Statement": {"Effect": "Allow", "NotPrincipal": "a"}}),
        declared("aws:kms/keyPolicy:KeyPolicy", policy='{"Statement": {"Effect": "Allow", "Principal": "*"}}'),
        declared("aws:kms/keyPolicy:KeyPolicy"),
        declared("aws:kms/key:Key", policy="none"),
    ),
)
