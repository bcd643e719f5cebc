"""How GitLab's pipelines reach the account: short-lived tokens, no static key, two roles with different reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from components.aws.gitlab_boundary import Fence, statements
from components.aws.iam import Statement, document

SESSION_SECONDS = 3600
"""How long a pipeline's session lasts, the shortest maximum that IAM knows."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project whose pipelines may deploy, and from where."""

    path: str
    """Full path, such as `platform/idp`."""
    branches: Sequence[str]
    """Names of protected branches, exactly."""

    def __post_init__(self) -> None:
        for text in (self.path, *self.branches):
            # `*` and `?` would match others, `${` begins a policy variable, `:` divides the parts of a `sub`.
            if not text or set(text) & set("*?$:"):
                raise ValueError(f"{text!r} is not allowed: the exact path of a project, or name of a branch")


@dataclass(frozen=True, kw_only=True)
class StateLocation:
    """Where the Pulumi state of the environment lies."""

    bucket: str
    """Name of the S3 bucket."""
    key: str
    """KMS key that seals its secrets: the key's ARN, or `alias/NAME`."""
    folder: str = ""
    """Folder in the bucket without slashes at its ends; empty is all of the bucket."""


@dataclass(frozen=True, kw_only=True)
class GitlabAccessArgs:
    """Arguments of `GitlabAccess`."""

    url: str
    """Address of the GitLab instance, `https://HOST`, without a slash at the end; also the audience of its tokens."""
    projects: Sequence[Project]
    """Projects whose pipelines may preview and deploy."""
    account_id: pulumi.Input[str]
    """Account that the deploy role works in."""
    region: pulumi.Input[str]
    """Region of the state's key."""
    state: StateLocation | None = None
    """State that the preview role reads; None where it does not lie in AWS."""


class GitlabAccess(pulumi.ComponentResource):
    """An OIDC provider, a `preview` role that can only read, and a `deploy` role for protected branches.

    Both are bound to `sub` and `aud` of the token (docs.gitlab.com/ci/cloud_services/aws). A merge request's pipeline
    runs on an unprotected branch and gets the preview role. The deploy role is held by a permission boundary, which has
    to be on every role that it makes. Names in IAM are `NAME-preview`, `NAME-deploy` and `NAME-boundary`: the boundary
    protects them by name, and people write the roles' ARNs into pipelines.

    AWS sees no claims but these two. A GitLab before 18.2.2 gives the merge request of a fork whose branch has the name
    of a protected one the `sub` of that one (GitLab issue 548165).
    """

    preview_role_arn: pulumi.Output[str]
    """Role for previews in merge requests."""
    deploy_role_arn: pulumi.Output[str]
    """Role for updates from protected branches."""
    boundary_arn: pulumi.Output[str]
    """Permission boundary for roles of other components."""

    def __init__(self, name: str, args: GitlabAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:GitlabAccess", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        provider = iam.OpenIdConnectProvider(f"{name}-gitlab", url=args.url, client_id_lists=[args.url], opts=child)
        fence = Fence(
            account_id=args.account_id,
            name=f"{name}-boundary",
            roles=(f"{name}-preview", f"{name}-deploy"),
            provider_host=_host(args.url),
        )
        boundary = iam.Policy(
            f"{name}-boundary",
            name=fence.name,
            description="The most that a deploying pipeline, and what it makes, may ever do",
            policy=document(*statements(fence)),
            opts=child,
        )
        preview = iam.Role(
            f"{name}-preview",
            name=f"{name}-preview",
            assume_role_policy=document(trust(provider.arn, args.url, preview_subjects(args.projects))),
            max_session_duration=SESSION_SECONDS,
            opts=child,
        )
        iam.RolePolicyAttachment(
            f"{name}-preview-read", role=preview.name, policy_arn="arn:aws:iam::aws:policy/SecurityAudit", opts=child
        )
        if args.state is not None:
            read = document(*_read_state(args.state, args))
            iam.RolePolicy(f"{name}-preview-state", role=preview.name, policy=read, opts=child)
        deploy = iam.Role(
            f"{name}-deploy",
            name=f"{name}-deploy",
            assume_role_policy=document(trust(provider.arn, args.url, deploy_subjects(args.projects))),
            max_session_duration=SESSION_SECONDS,
            permissions_boundary=boundary.arn,
            opts=child,
        )
        iam.RolePolicyAttachment(f"{name}-deploy", role=deploy.name, policy_arn=boundary.arn, opts=child)
        self.preview_role_arn = preview.arn
        self.deploy_role_arn = deploy.arn
        self.boundary_arn = boundary.arn
        self.register_outputs(
            {
                "preview_role_arn": self.preview_role_arn,
                "deploy_role_arn": self.deploy_role_arn,
                "boundary_arn": self.boundary_arn,
            }
        )


def deploy_subjects(projects: Sequence[Project]) -> list[str]:
    """Return the `sub` claims that may deploy: exact, without a wildcard."""
    return [
        f"project_path:{project.path}:ref_type:branch:ref:{branch}"
        for project in projects
        for branch in project.branches
    ]


def preview_subjects(projects: Sequence[Project]) -> list[str]:
    """Return patterns of the `sub` claims that may preview: any branch of the named projects."""
    return [f"project_path:{project.path}:ref_type:branch:ref:*" for project in projects]


def trust(provider_arn: pulumi.Input[str], url: str, subjects: Sequence[str]) -> Statement:
    """Return the trust of a role in tokens of the GitLab at `url` whose `sub` is one of `subjects` (`*` matches any).

    Raises ValueError where there is no subject: IAM would take a condition without values.
    """
    if not subjects:
        raise ValueError("projects: none is not allowed: at least one, with a branch")
    operator = "StringLike" if any("*" in subject for subject in subjects) else "StringEquals"
    audience = {"StringEquals": {f"{_host(url)}:aud": url}}
    return Statement(
        sid="GitLab",
        actions=["sts:AssumeRoleWithWebIdentity"],
        principals={"Federated": [provider_arn]},
        conditions={**audience, operator: {**audience.get(operator, {}), f"{_host(url)}:sub": list(subjects)}},
    )


def _host(url: str) -> str:
    """Return what IAM calls the provider: the URL without its scheme."""
    return url.removeprefix("https://")


def _read_state(state: StateLocation, args: GitlabAccessArgs) -> list[Statement]:
    bucket = f"arn:aws:s3:::{state.bucket}"
    objects = f"{state.folder}/*" if state.folder else "*"
    return [
        Statement(sid="List", actions=["s3:ListBucket"], resources=[bucket]),
        Statement(sid="Read", actions=["s3:GetObject"], resources=[f"{bucket}/{objects}"]),
        _unseal(state.key, args),
    ]


def _unseal(key: str, args: GitlabAccessArgs) -> Statement:
    if not key.startswith("alias/"):
        return Statement(sid="Unseal", actions=["kms:Decrypt"], resources=[key])
    # IAM knows keys by their ids only; the alias becomes a condition.
    return Statement(
        sid="Unseal",
        actions=["kms:Decrypt"],
        resources=[pulumi.Output.format("arn:aws:kms:{0}:{1}:key/*", args.region, args.account_id)],
        conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": [key]}},
    )
