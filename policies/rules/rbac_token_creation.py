"""Who asks for tokens of accounts says of which."""

from __future__ import annotations

from policies.condition import Filled, Not, all_of
from policies.demand import Demand, demands
from policies.rbac import NAMES, ROLES, RULES, grants, role
from policies.rule import Rule, Severity

RULE = Rule(
    id="rbac_token_creation",
    title="Roles make tokens of named accounts only",
    severity=Severity.CRITICAL,
    why="Who makes a token of any service account is any service account, the cluster's controllers included.",
    remedy="Name the accounts in `resourceNames`.",
    standards=(
        "CIS Kubernetes 1.10 5.1.13",
        "CIS EKS 1.8.0 4.1.12",
    ),
    types=ROLES,
    check=demands(
        Demand(
            RULES,
            Not(all_of(grants("", ("serviceaccounts/token",), ("create",)), Not(Filled(NAMES)))),
            "makes tokens of any account; allowed are those in `resourceNames`",
        )
    ),
    passing=(
        role("", "serviceaccounts/token", "create", kind="Role", resourceNames=["deploy"]),
        role("", "serviceaccounts", "create"),
    ),
    failing=(
        role("", "serviceaccounts/token", "create"),
        role("", "*/token", "create", kind="Role"),
        role("", "*", "*", resourceNames=[]),
    ),
)
