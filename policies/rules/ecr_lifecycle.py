"""Old images go."""

from __future__ import annotations

from policies.companions import Companions, value
from policies.kinds import exactly
from policies.plain import UNKNOWN, at
from policies.rule import Resource, Severity, StackRule
from policies.samples import declared
from policies.truth import Truth

_REPOSITORY, _POLICY = "aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy"


def _is_there(policy: Resource) -> Truth:
    text = at(policy.props, "policy")
    return None if text is UNKNOWN else bool(text)


def _policy(repository: str = "a", policy: str = '{"rules": []}') -> Resource:
    return declared(_POLICY, repository=repository, policy=policy)


RULE = StackRule(
    id="ecr_lifecycle",
    title="Repositories remove old images",
    severity=Severity.LOW,
    why="Old images are full of weaknesses that were mended since, and anybody who may pull can still start one.",
    remedy="Add a `LifecyclePolicy` for the repository, in this stack.",
    standards=("FSBP 1.0.0 ECR.3",),
    types=exactly(Repository=_REPOSITORY, LifecyclePolicy=_POLICY),
    check=Companions(
        "Repository",
        "LifecyclePolicy",
        value("name"),
        value("repository"),
        _is_there,
        "keeps images for ever; allowed is a repository with a LifecyclePolicy in this stack",
    ),
    passing=(
        (),
        (declared(_REPOSITORY, name="a"), _policy()),
        (declared(_REPOSITORY, name="a"), declared(_REPOSITORY, name="b"), _policy("b"), _policy()),
    ),
    failing=(
        (declared(_REPOSITORY, name="a"),),
        (declared(_REPOSITORY, name="a"), _policy("b")),
        (declared(_REPOSITORY, name="a"), _policy(policy="")),
    ),
)
