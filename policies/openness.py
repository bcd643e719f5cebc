"""Policies that lie on a resource and say who may use it: whether that is everybody."""

from __future__ import annotations

from policies.iam import Statement, depends_on, is_fixed, is_for_everyone
from policies.truth import Truth, every, opposite

_BINDING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:userid",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
"""Keys whose fixed values make a policy for `*` one for somebody.

From docs.aws.amazon.com: AmazonS3, The meaning of "public"; kms, Condition keys. Clients' addresses are not among them.
"""

SAYS = "is for everybody; allowed are principals by name, or a condition on whose they are with fixed values"


def is_open(statement: Statement) -> Truth:
    """Tell whether a statement is for everybody whatever account they are of."""
    bound = depends_on(statement, lambda key: key in _BINDING, is_fixed)
    return every((is_for_everyone(statement), opposite(bound)))
