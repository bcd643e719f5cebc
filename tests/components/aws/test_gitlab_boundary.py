"""The deploy role does its work, and finds no way to more rights than it has.

Its permissions and its boundary are the same document. Every way to more rights is tried against it: the matrix of
what people know, and every action of IAM that writes.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from parliament import iam_definition

from components.aws.gitlab_boundary import LONGEST, PASSED_TO
from components.aws.iam import ROLE_PATH

IAM = "arn:aws:iam::123456789012:"
BOUNDARY, PREVIEW, DEPLOY = (
    f"{IAM}policy/idp-test-boundary", f"{IAM}role/idp-test-preview", f"{IAM}role/idp-test-deploy"
)  # fmt: skip
PROVIDER = f"{IAM}oidc-provider/gitlab.example"
ADMIN = f"{IAM}role/OrganizationAccountAccessRole"
OWN = f"{IAM}role{ROLE_PATH}idp-test-node-1a2b3c4"
CLUSTER_IDENTITY = f"{IAM}oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF"
ASSOCIATION = "arn:aws:eks:eu-central-1:123456789012:podidentityassociation/idp-test/a-0123456789abcdefg"
BOUND = {"iam:PermissionsBoundary": BOUNDARY}
OTHER = {"iam:PermissionsBoundary": f"{IAM}policy/other"}
AWS_ADMIN = {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
NONE: dict[str, str] = {}
Context = dict[str, str]


def passed_to(service: str) -> Context:
    return {"iam:PassedToService": service}


@pytest.fixture(scope="module")
def allows(built: Any, judge: Any) -> Any:  # noqa: ANN401 - fixtures
    """Return the judgement of the deploy role: what its policy allows and its boundary does not deny."""
    attached = built.of("RolePolicyAttachment")["idp-test-deploy"]
    role = built.of("Role")["idp-test-deploy"]
    assert attached["policyArn"] == role["permissionsBoundary"] == BOUNDARY
    return judge(built.document("Policy idp-test-boundary")).allows


NEEDED: list[tuple[str, str, Context]] = [
    ("ec2:CreateVpc", "*", NONE),
    ("eks:CreateCluster", "arn:aws:eks:eu-central-1:123456789012:cluster/idp-test", NONE),
    ("eks-auth:AssumeRoleForPodIdentity", "arn:aws:eks:eu-central-1:123456789012:cluster/idp-test", NONE),
    *(
        (f"eks:{action}PodIdentityAssociation", resource, NONE)
        for action, resource in (
            ("Create", "arn:aws:eks:eu-central-1:123456789012:cluster/idp-test"),
            *((action, ASSOCIATION) for action in ("Describe", "Update", "Delete")),
        )
    ),
    ("kms:CreateKey", "*", NONE),
    ("s3:PutObject", "arn:aws:s3:::acme-state/pulumi/x", NONE),
    ("route53:CreateHostedZone", "*", NONE),
    ("acm:RequestCertificate", "*", NONE),
    ("ecr:CreatePullThroughCacheRule", "*", NONE),
    ("logs:CreateLogGroup", "*", NONE),
    ("sts:GetCallerIdentity", "*", NONE),
    ("iam:CreateRole", OWN, BOUND),
    ("iam:AttachRolePolicy", OWN, BOUND),
    ("iam:DetachRolePolicy", OWN, BOUND),
    ("iam:PutRolePolicy", OWN, BOUND),
    ("iam:DeleteRolePolicy", OWN, BOUND),
    ("iam:DeleteRole", OWN, NONE),
    ("iam:TagRole", OWN, NONE),
    ("iam:UpdateAssumeRolePolicy", OWN, NONE),
    *(("iam:PassRole", OWN, passed_to(service)) for service in PASSED_TO),
    ("iam:CreateOpenIDConnectProvider", CLUSTER_IDENTITY, NONE),
    ("iam:DeleteOpenIDConnectProvider", CLUSTER_IDENTITY, NONE),
    (
        "iam:CreateServiceLinkedRole",
        f"{IAM}role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
        {"iam:AWSServiceName": "eks.amazonaws.com"},
    ),
    # A refresh looks at everything, also at what the role can't change.
    *(("iam:GetRole", role, NONE) for role in (OWN, PREVIEW, DEPLOY)),
    ("iam:ListAttachedRolePolicies", DEPLOY, NONE),
    ("iam:GetPolicyVersion", BOUNDARY, NONE),
    ("iam:GetOpenIDConnectProvider", PROVIDER, NONE),
]


@pytest.mark.parametrize(("action", "resource", "context"), NEEDED)
def test_what_an_update_needs_is_allowed(allows: Any, action: str, resource: str, context: Context) -> None:  # noqa: ANN401
    assert allows(action, resource, context)


ESCAPES: list[tuple[str, str, Context]] = [
    # A role without the boundary, or with another.
    *(("iam:CreateRole", OWN, context) for context in (NONE, OTHER, AWS_ADMIN)),
    *(("iam:PutRolePolicy", OWN, context) for context in (NONE, OTHER, AWS_ADMIN)),
    *(("iam:AttachRolePolicy", OWN, context) for context in (NONE, OTHER, AWS_ADMIN)),
    *(("iam:PutRolePermissionsBoundary", OWN, context) for context in (NONE, OTHER, AWS_ADMIN)),
    *(("iam:DeleteRolePermissionsBoundary", role, BOUND) for role in (OWN, DEPLOY, PREVIEW)),
    # A role that is none of the foundation's, even with the boundary.
    *(
        (f"iam:{action}", role, context)
        for action in (
            "CreateRole", "AttachRolePolicy", "PutRolePolicy", "DetachRolePolicy", "DeleteRolePolicy", "DeleteRole",
            "UpdateAssumeRolePolicy", "UpdateRole", "TagRole", "PutRolePermissionsBoundary",
        )
        for role in (ADMIN, DEPLOY, PREVIEW, f"{IAM}role/idp", f"{IAM}role/idpx/y", f"{IAM}role/x/idp/y")
        for context in (NONE, BOUND, OTHER)
    ),
    # Handing a stronger role to a machine, or an own one to a service that is not ours.
    *(("iam:PassRole", role, passed_to(service)) for role in (ADMIN, DEPLOY, PREVIEW) for service in PASSED_TO),
    *(
        ("iam:PassRole", OWN, passed_to(service))
        for service in ("lambda.amazonaws.com", "cloudformation.amazonaws.com", "ssm.amazonaws.com", "*")
    ),
    ("iam:PassRole", OWN, NONE),
    ("sts:AssumeRole", ADMIN, NONE),
    ("sts:AssumeRole", OWN, NONE),
    ("sts:GetFederationToken", "*", NONE),
    # The boundary, and policies at all.
    *(
        (f"iam:{action}", policy, NONE)
        for action in (
            "CreatePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion", "DeletePolicy"
        )
        for policy in (BOUNDARY, f"{IAM}policy/other", f"{IAM}policy/idp/x")
    ),
    # Who is trusted: the GitLab provider, or one of somebody else.
    *(
        (f"iam:{action}", provider, NONE)
        for action in (
            "UpdateOpenIDConnectProviderThumbprint", "AddClientIDToOpenIDConnectProvider",
            "DeleteOpenIDConnectProvider", "CreateOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider",
        )
        for provider in (PROVIDER, f"{IAM}oidc-provider/evil.example", f"{IAM}oidc-provider/oidc.eks.evil.example/id/A")
    ),
    ("iam:CreateSAMLProvider", f"{IAM}saml-provider/evil", NONE),
    # People and keys.
    *(
        (f"iam:{action}", f"{IAM}user/evil", context)
        for action in (
            "CreateUser", "CreateAccessKey", "CreateLoginProfile", "AttachUserPolicy", "PutUserPolicy",
            "AddUserToGroup", "UpdateLoginProfile", "PutUserPermissionsBoundary",
        )
        for context in (NONE, BOUND)
    ),
    ("iam:PutGroupPolicy", f"{IAM}group/evil", NONE),
    ("iam:AttachGroupPolicy", f"{IAM}group/evil", NONE),
    ("iam:CreateInstanceProfile", f"{IAM}instance-profile/evil", NONE),
    ("iam:AddRoleToInstanceProfile", f"{IAM}instance-profile/evil", NONE),
    (
        "iam:CreateServiceLinkedRole",
        f"{IAM}role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM",
        {"iam:AWSServiceName": "ssm.amazonaws.com"},
    ),
    ("organizations:LeaveOrganization", "*", NONE),
    ("account:CloseAccount", "*", NONE),
    ("lambda:CreateFunction", "*", NONE),
    ("cloudformation:CreateStack", "*", NONE),
    ("ssm:SendCommand", "*", NONE),
]  # fmt: skip


@pytest.mark.parametrize(("action", "resource", "context"), ESCAPES)
def test_no_way_to_more_rights_is_allowed(allows: Any, action: str, resource: str, context: Context) -> None:  # noqa: ANN401
    assert not allows(action, resource, context)


def known_actions() -> list[dict[str, Any]]:
    """Return the actions of IAM, from parliament's copy of AWS's service authorization reference."""
    return [one for service in iam_definition if service["prefix"] == "iam" for one in service["privileges"]]


def writing_actions() -> list[str]:
    """Return every action of IAM that changes something."""
    return sorted({one["privilege"] for one in known_actions() if one["access_level"] not in ("Read", "List")})


@pytest.mark.parametrize("resource", [BOUNDARY, PREVIEW, DEPLOY, PROVIDER, ADMIN, f"{IAM}user/admin", f"{IAM}root"])
def test_no_action_that_writes_reaches_what_gives_rights(allows: Any, resource: str) -> None:  # noqa: ANN401
    actions = writing_actions()
    assert len(actions) > 80
    contexts = [NONE, BOUND, OTHER, *map(passed_to, PASSED_TO), {"iam:AWSServiceName": "eks.amazonaws.com"}]
    found = [action for action in actions for context in contexts if allows(f"iam:{action}", resource, context)]
    assert found == []


def test_what_can_widen_a_role_is_only_allowed_with_the_boundary(allows: Any) -> None:  # noqa: ANN401
    """On the foundation's own roles: what is allowed without the boundary gives no rights to anybody."""
    free = {action for action in writing_actions() if allows(f"iam:{action}", OWN, NONE)}
    assert free == {
        "DeleteRole",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
        "UpdateRoleDescription",
    }


def test_every_condition_on_a_boundary_is_one_that_iam_evaluates(built: Any) -> None:  # noqa: ANN401
    """A condition key that an action does not know would never match, or for a Deny always."""
    knows = {
        f"iam:{one['privilege']}"
        for one in known_actions()
        if any("iam:PermissionsBoundary" in kind["condition_keys"] for kind in one["resource_types"])
    }
    for statement in built.document("Policy idp-test-boundary")["Statement"]:
        if any("iam:PermissionsBoundary" in keys for keys in statement.get("Condition", {}).values()):
            assert set(statement["Action"]) <= knows


def test_it_fits_into_a_managed_policy(built: Any) -> None:  # noqa: ANN401
    text = json.dumps(built.document("Policy idp-test-boundary"))
    assert len(re.sub(r"\s", "", text)) <= LONGEST


def test_every_role_for_a_service_has_the_boundary_and_the_path(built: Any) -> None:  # noqa: ANN401
    roles = built.of("Role")
    ours = {"idp-test-preview", "idp-test-deploy"}
    assert len(roles) >= 6
    for name in roles.keys() - ours:
        assert (roles[name]["permissionsBoundary"], roles[name]["path"]) == (BOUNDARY, ROLE_PATH), name
    assert {roles[name]["name"] for name in ours} == ours
    assert all("path" not in roles[name] for name in ours)


def test_the_deploy_role_may_make_every_role_that_the_components_make(built: Any, allows: Any) -> None:  # noqa: ANN401
    for name, role in built.of("Role").items():
        if name in ("idp-test-preview", "idp-test-deploy"):
            continue
        context = {"iam:PermissionsBoundary": role["permissionsBoundary"]}
        assert allows("iam:CreateRole", f"{IAM}role{role['path']}{name}", context)


def test_what_is_allowed_leads_nowhere_even_without_the_denials(built: Any, judge: Any) -> None:  # noqa: ANN401
    statements = built.document("Policy idp-test-boundary")["Statement"]
    alone = judge({"Statement": [one for one in statements if one["Effect"] == "Allow"]})
    assert [escape for escape in ESCAPES if alone.allows(*escape)] == []


HARMLESS = {"PassRole", "CreatePolicy", "CreateServiceLinkedRole", "DeleteServiceLinkedRole"}
"""Hands the role on as it is; makes what is there already; is about roles of AWS's own."""


def changes_a(kind: str, action: dict[str, Any]) -> bool:
    """Tell whether an action writes to resources of a kind: `role`, `policy` or `oidc-provider`."""
    types = {one["resource_type"].rstrip("*") for one in action["resource_types"]}
    return action["access_level"] not in ("Read", "List") and kind in types


def test_the_denials_hold_whatever_else_is_allowed(built: Any, judge: Any) -> None:  # noqa: ANN401
    """Say, an administrator policy is attached to a role of the foundation's, or a statement is added here."""
    statements = built.document("Policy idp-test-boundary")["Statement"]
    everything = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
    alone = judge({"Statement": [everything, *(one for one in statements if one["Effect"] == "Deny")]})
    kinds = {PREVIEW: "role", DEPLOY: "role", PROVIDER: "oidc-provider", BOUNDARY: "policy"}
    for resource, kind in kinds.items():
        changes = {one["privilege"] for one in known_actions() if changes_a(kind, one)} - HARMLESS
        assert len(changes) >= 4
        assert [name for name in sorted(changes) if alone.allows(f"iam:{name}", resource, BOUND)] == []
    for context in (NONE, OTHER, AWS_ADMIN):
        for action in ("CreateRole", "AttachRolePolicy", "PutRolePolicy", "PutRolePermissionsBoundary"):
            assert not alone.allows(f"iam:{action}", ADMIN, context)
    assert not alone.allows("iam:DeleteRolePermissionsBoundary", OWN, BOUND)
    assert not alone.allows("iam:CreateUser", f"{IAM}user/evil", BOUND)
