"""Policy documents of IAM, KMS and S3, written so that every wildcard has a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

VERSION = "2012-10-17"
"""The current version of the policy language (docs.aws.amazon.com, IAM, Version element)."""

ROLE_PATH = "/idp/"
"""Path of the roles that components make for services: the deploying pipeline may handle these, and no others."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement.

    What it allows widely needs a `reason`, else ValueError: an action with a `*`, a resource or principal that is `*`,
    a resource that ends in `:*`. What is an Output is checked once it is known, by `document`.
    """

    sid: str
    """Letters and digits; unique in the document."""
    actions: Sequence[str]
    """Such as `s3:GetObject`."""
    resources: Sequence[pulumi.Input[str]] = ()
    """ARNs; empty in a trust policy."""
    principals: Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]] = field(default_factory=dict)
    """Kind (`AWS`, `Service`, `Federated`) -> who; empty in an identity's policy."""
    conditions: Mapping[str, Mapping[str, pulumi.Input[object]]] = field(default_factory=dict)
    """Operator -> key -> value."""
    effect: str = "Allow"
    """`Allow` or `Deny`; a Deny may be as wide as it likes."""
    reason: str = ""
    """Why a wildcard is right here; not part of the document."""

    def __post_init__(self) -> None:
        self.check(self.as_json())

    def check(self, known: Mapping[str, Any]) -> None:
        """Raise ValueError where the statement, as IAM gets it, allows something widely without a reason."""
        if self.effect == "Deny" or self.reason:
            return
        if wide := [*_wide_actions(known), *_wide_resources(known), *_wide_principals(known)]:
            raise ValueError(f"{self.sid}: {wide[0]!r} is not allowed: without a wildcard, or with a written reason")

    def as_json(self) -> dict[str, Any]:
        """Return the statement as IAM wants it."""
        optional = {
            "Principal": dict(self.principals),
            "Resource": list(self.resources),
            "Condition": {operator: dict(values) for operator, values in self.conditions.items()},
        }
        return {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
            **{key: value for key, value in optional.items() if value},
        }


def _wide_actions(known: Mapping[str, Any]) -> list[str]:
    return [action for action in known["Action"] if "*" in action]


def _wide_resources(known: Mapping[str, Any]) -> list[str]:
    resources = known.get("Resource", ())
    return [one for one in resources if isinstance(one, str) and (one == "*" or one.endswith(":*"))]


def _wide_principals(known: Mapping[str, Any]) -> list[str]:
    groups = [group for group in known.get("Principal", {}).values() if isinstance(group, list | tuple)]
    return [one for group in groups for one in group if one == "*"]


def document(*statements: Statement) -> pulumi.Output[str]:
    """Return a policy document as JSON text, known once everything it names is.

    Raises ValueError where two statements share a sid.
    """
    sids = [statement.sid for statement in statements]
    if repeated := [sid for sid in sids if sids.count(sid) > 1]:
        raise ValueError(f"{repeated[0]} is not allowed: each sid once in a document")

    def text(known: Sequence[Mapping[str, Any]]) -> str:
        for statement, content in zip(statements, known, strict=True):
            statement.check(content)
        return json.dumps({"Version": VERSION, "Statement": known}, sort_keys=True)

    return pulumi.Output.from_input([statement.as_json() for statement in statements]).apply(text)


def trust_service(*services: str) -> pulumi.Output[str]:
    """Return a trust policy that lets services of AWS, such as `eks.amazonaws.com`, take a role."""
    return document(Statement(sid="Service", actions=["sts:AssumeRole"], principals={"Service": list(services)}))


def trust_pods() -> pulumi.Output[str]:
    """Return a trust policy for EKS Pod Identity (docs.aws.amazon.com/eks, Pod Identity, role trust policy)."""
    return document(
        Statement(
            sid="PodIdentity",
            actions=["sts:AssumeRole", "sts:TagSession"],
            principals={"Service": ["pods.eks.amazonaws.com"]},
        )
    )


def trust_pods_of(
    account_id: pulumi.Input[str], cluster_name: pulumi.Input[str], namespace: str, service_account: str
) -> pulumi.Output[str]:
    """Return a trust policy for EKS Pod Identity that holds for one service account of one cluster.

    An association alone decides who gets a role, and a pipeline that makes associations could give this one to any
    pod; the trust does not follow it. EKS names cluster, namespace and service account in tags of the session
    (docs.aws.amazon.com/eks, Pod Identity, Session tags), unless an association switches them off: then the role is
    refused.
    """
    return document(
        Statement(
            sid="PodIdentity",
            actions=["sts:AssumeRole", "sts:TagSession"],
            principals={"Service": ["pods.eks.amazonaws.com"]},
            conditions={
                "StringEquals": {
                    "aws:SourceAccount": account_id,
                    "aws:RequestTag/eks-cluster-name": cluster_name,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        )
    )
