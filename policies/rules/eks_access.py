"""A cluster's administrators are roles that somebody named."""

from __future__ import annotations

from policies.condition import Field, Matches, Not, SomeItem, any_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Resource, Rule, Severity
from policies.samples import declared

_ENTRY, _ASSOCIATION = "aws:eks/accessEntry:AccessEntry", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
_ROLE = "arn:aws[a-z-]*:iam::[0-9]{12}:role/[^*?]+"
_ADMIN = ".*:cluster-access-policy/AmazonEKS(Cluster)?AdminPolicy"


def _bound(policy: str, principal: str) -> Resource:
    return declared(
        _ASSOCIATION,
        policyArn=f"arn:aws:eks::aws:cluster-access-policy/{policy}",
        principalArn=f"arn:aws:iam::123456789012:{principal}",
    )


RULE = Rule(
    id="eks_access",
    title="Administrators of EKS are roles",
    severity=Severity.HIGH,
    why="A user's key lasts, and an account's root is whoever its administrators are; a role's session ends.",
    remedy="Give administrators' policies to roles by ARN, and others a policy or group for what they do.",
    types=exactly(AccessEntry=_ENTRY, AccessPolicyAssociation=_ASSOCIATION),
    check=demands(
        Demand(
            WHOLE,
            Not(SomeItem(Field(ITEM, "kubernetesGroups"), "group", Matches(Field("group"), "system:.*"))),
            "names a group of the system; allowed are groups of your own",
            at=("kubernetesGroups",),
        ),
        Demand(
            WHOLE,
            any_of(Not(Matches(Field(ITEM, "policyArn"), _ADMIN)), Matches(Field(ITEM, "principalArn"), _ROLE)),
            "administers the cluster and is no role; allowed is the ARN of one role",
            at=("principalArn",),
        ),
    ),
    passing=(
        declared(_ENTRY, principalArn="arn:aws:iam::123456789012:role/a", kubernetesGroups=["viewers"]),
        declared(_ENTRY, principalArn="arn:aws:iam::123456789012:user/a"),
        _bound("AmazonEKSClusterAdminPolicy", "role/path/admin"),
        _bound("AmazonEKSViewPolicy", "user/a"),
    ),
    failing=(
        declared(_ENTRY, kubernetesGroups=["viewers", "system:masters"]),
        _bound("AmazonEKSClusterAdminPolicy", "root"),
        _bound("AmazonEKSClusterAdminPolicy", "user/a"),
        _bound("AmazonEKSClusterAdminPolicy", "role/*"),
        _bound("AmazonEKSAdminPolicy", "user/a"),
        declared(_ASSOCIATION, policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"),
    ),
)
