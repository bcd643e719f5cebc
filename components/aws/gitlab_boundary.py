"""The permission boundary: the most that a deploying pipeline, and every role it makes, may ever do.

It is the deploy role's permissions too. No way leads out of it: roles are made and changed only with this boundary on
them and only below `ROLE_PATH`, and the boundary, both GitLab roles and the OIDC provider are out of reach. A change
of these four is an administrator's `idp up`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.aws.iam import ROLE_PATH, Statement

LONGEST = 6144
"""Characters of a managed policy without whitespace (docs.aws.amazon.com, IAM and STS quotas)."""

SERVICES = (
    "acm", "autoscaling", "cloudwatch", "ec2", "ecr", "eks", "eks-auth", "elasticloadbalancing", "kms", "logs",
    "route53", "s3",
)  # fmt: skip
"""Services that the foundation is made of, and that its nodes and add-ons call."""

PASSED_TO = ("ec2.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com", "vpc-flow-logs.amazonaws.com")
"""Services that the foundation's roles are for."""

LINKED = (
    "autoscaling.amazonaws.com", "eks-nodegroup.amazonaws.com", "eks.amazonaws.com",
    "elasticloadbalancing.amazonaws.com", "pullthroughcache.ecr.amazonaws.com",
)  # fmt: skip
"""Services that make a role of their own, with rights that AWS wrote, the first time an account uses them."""

_LOOK = (
    "iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListOpenIDConnectProviderTags",
    "iam:ListPolicyVersions", "iam:ListRolePolicies", "iam:ListRoleTags",
)  # fmt: skip
_BOUND = (
    "iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
)  # fmt: skip
"""What can widen a role, all of which IAM checks against the role's boundary (`iam:PermissionsBoundary`)."""
_ROLES = (
    "iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)  # fmt: skip
_PROVIDERS = (
    "iam:AddClientIDToOpenIDConnectProvider", "iam:CreateOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider",
    "iam:RemoveClientIDFromOpenIDConnectProvider", "iam:TagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider",
    "iam:UpdateOpenIDConnectProviderThumbprint",
)  # fmt: skip
_POLICIES = (
    "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion",
    "iam:TagPolicy", "iam:UntagPolicy",
)  # fmt: skip
_PEOPLE = ("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateUser", "organizations:*", "account:*")


@dataclass(frozen=True, kw_only=True)
class Fence:
    """Whom the boundary is about."""

    account_id: pulumi.Input[str]
    """Account of all of them."""
    name: str
    """Name of the boundary's policy."""
    roles: tuple[str, ...]
    """Names of the roles that nobody held by the boundary may change."""
    provider_host: str
    """Host, and path if any, of the OIDC provider that nobody held by the boundary may change."""

    def arn(self, kind: str) -> pulumi.Output[str]:
        """Return the ARN in IAM of what is called `kind`, such as `role/NAME`."""
        return pulumi.Output.format("arn:aws:iam::{0}:{1}", self.account_id, kind)

    def policy_arn(self) -> pulumi.Output[str]:
        """Return the boundary's own ARN."""
        return self.arn(f"policy/{self.name}")


def statements(fence: Fence) -> list[Statement]:
    """Return the statements of the boundary."""
    return [*_allowed(fence), *_denied(fence)]


def _allowed(fence: Fence) -> list[Statement]:
    roles = fence.arn(f"role{ROLE_PATH}*")
    bound: Mapping[str, pulumi.Input[object]] = {"iam:PermissionsBoundary": fence.policy_arn()}
    return [
        Statement(
            sid="Services",
            actions=[f"{service}:*" for service in SERVICES],
            resources=["*"],
            reason="the deploy role creates the foundation: its resources have no ARN before they exist",
        ),
        Statement(
            sid="WhoAmI", actions=["sts:GetCallerIdentity"], resources=["*"], reason="the action knows no resource"
        ),
        Statement(
            sid="Look",
            actions=_LOOK,
            resources=[fence.arn(f"{kind}/*") for kind in ("oidc-provider", "policy", "role")],
        ),
        Statement(sid="BoundRoles", actions=_BOUND, resources=[roles], conditions={"StringEquals": bound}),
        Statement(sid="Roles", actions=_ROLES, resources=[roles]),
        Statement(
            sid="PassRoles",
            actions=["iam:PassRole"],
            resources=[roles],
            conditions={"StringEquals": {"iam:PassedToService": list(PASSED_TO)}},
        ),
        Statement(
            sid="LinkedRoles",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[fence.arn("role/aws-service-role/*")],
            conditions={"StringEquals": {"iam:AWSServiceName": list(LINKED)}},
        ),
        # The cluster's own provider; its host is AWS's, its id is known only once the cluster is there.
        Statement(
            sid="ClusterIdentity",
            actions=_PROVIDERS,
            resources=[fence.arn("oidc-provider/oidc.eks.*.amazonaws.com/id/*")],
        ),
    ]


def _denied(fence: Fence) -> list[Statement]:
    """Return what holds whatever else is allowed, now or later."""
    return [
        Statement(sid="BoundaryStays", effect="Deny", actions=["iam:DeleteRolePermissionsBoundary"], resources=["*"]),
        Statement(
            sid="NoOtherBoundary",
            effect="Deny",
            actions=_BOUND,
            resources=["*"],
            conditions={"StringNotEquals": {"iam:PermissionsBoundary": fence.policy_arn()}},
        ),
        Statement(
            sid="OwnRightsStay",
            effect="Deny",
            actions=[*_BOUND, *_ROLES, *_PROVIDERS, *_POLICIES],
            resources=[
                fence.policy_arn(),
                *(fence.arn(f"role/{role}") for role in fence.roles),
                fence.arn(f"oidc-provider/{fence.provider_host}"),
            ],
        ),
        Statement(sid="NoPeople", effect="Deny", actions=_PEOPLE, resources=["*"]),
    ]
