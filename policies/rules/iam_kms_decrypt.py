"""Policies that decrypt say with which keys.

The standard's own check looks at `Resource` alone. A key that is known by its alias has no place there
(docs.aws.amazon.com/kms, Using aliases to control access), so here the condition that names aliases counts, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies import identities
from policies.iam import Statement, depends_on, does, is_about_every, is_fixed, judged
from policies.plain import Plain
from policies.rule import Finding, Resource, Rule, Severity
from policies.samples import declared
from policies.truth import Truth, every, opposite

_ACTIONS = ("kms:Decrypt", "kms:ReEncryptFrom")
_KEY = "key/5f1c0000-0000-0000-0000-000000000000"


def _check(resource: Resource) -> Iterator[Finding]:
    yield from judged(
        identities.statements(resource),
        _is_wide,
        "allows decryption with every key; allowed are ARNs of keys, or a condition `kms:ResourceAliases`",
    )


def _is_wide(statement: Statement) -> Truth:
    bound = depends_on(statement, lambda key: key == "kms:resourcealiases", is_fixed)
    return every((does(statement, *_ACTIONS), is_about_every(statement, _KEY), opposite(bound)))


def _policy(action: Plain, resource: Plain = "*", **more: Plain) -> Resource:
    statement: Plain = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return declared("aws:iam/rolePolicy:RolePolicy", policy={"Statement": statement})


_ARN = "arn:aws:kms:eu-central-1:123456789012:key/"

RULE = Rule(
    id="iam_kms_decrypt",
    title="No policy decrypts with every key",
    severity=Severity.HIGH,
    why="Encryption divides nothing where everybody's role opens everybody's data.",
    remedy="Name the keys by ARN in `Resource`, or by alias in the condition `kms:ResourceAliases`.",
    standards=("FSBP 1.0.0 KMS.1", "FSBP 1.0.0 KMS.2"),
    types=identities.DOCUMENTS,
    check=_check,
    passing=(
        _policy("kms:Decrypt", f"{_ARN}1234"),
        _policy(["kms:Encrypt", "kms:GenerateDataKey*"]),
        _policy(
            "kms:Decrypt", f"{_ARN}*", Condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/a"]}}
        ),
    ),
    failing=(
        *(_policy(action) for action in _ACTIONS),
        _policy("kms:*"),
        _policy(["s3:GetObject", "kms:De*"], ["arn:aws:s3:::a", f"{_ARN}*"]),
        _policy("kms:Decrypt", Condition={"StringLike": {"kms:ResourceAliases": "alias/*"}}),
        _policy("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}),
        declared(
            "aws:iam/policy:Policy",
            policy='{"Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}',
        ),
    ),
)
