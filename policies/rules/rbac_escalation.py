"""Nobody gives themselves more rights than they have."""

from __future__ import annotations

from policies.condition import Field, Not, any_of, contains
from policies.demand import ITEM, Demand, demands
from policies.rbac import GROUP, ROLES, RULES, grants, role
from policies.rule import Rule, Severity

_VERBS = ("escalate", "bind", "impersonate")
_BY_WILDCARD = (
    (GROUP, ("roles", "clusterroles")),
    ("", ("users", "groups", "serviceaccounts")),
    ("authentication.k8s.io", ("uids", "userextras")),
)
"""What every verb on is one of those verbs, too."""

RULE = Rule(
    id="rbac_escalation",
    title="Roles do not escalate, bind or impersonate",
    severity=Severity.CRITICAL,
    why="With these verbs one takes rights that nobody gave: those of any role, or of anybody else.",
    remedy="Leave the verbs out and name the others; bind people to what they need in this stack.",
    standards=("CIS Kubernetes 1.10 5.1.8", "CIS EKS 1.7.0 4.1.8"),
    types=ROLES,
    check=demands(
        Demand(
            RULES,
            Not(
                any_of(
                    contains(Field(ITEM, "verbs"), *_VERBS),
                    *(grants(group, resources, ("*",)) for group, resources in _BY_WILDCARD),
                )
            ),
            "lets its holder take more rights; allowed is any verb but `*`, `escalate`, `bind` and `impersonate`",
        )
    ),
    passing=(
        role(GROUP, "rolebindings", "create", "update", kind="Role"),
        role("", "serviceaccounts", "get", "create"),
        role("apps", "deployments", "*"),
    ),
    failing=(
        *(role(GROUP, "clusterroles", "get", verb) for verb in _VERBS),
        role("", "users", "impersonate"),
        role(GROUP, "roles", "*", kind="RolePatch"),
        role("", "serviceaccounts", "*", kind="Role"),
        role("*", "*", "*"),
    ),
)
