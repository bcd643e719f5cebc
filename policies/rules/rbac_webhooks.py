"""What the API server asks before it accepts something is nobody else's to change."""

from __future__ import annotations

from policies.condition import Not
from policies.demand import Demand, demands
from policies.rbac import CLUSTER_ROLES, RULES, grants, role
from policies.rule import Rule, Severity

_GROUP = "admissionregistration.k8s.io"
_KINDS = (
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "mutatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "validatingwebhookconfigurations",
)

RULE = Rule(
    id="rbac_webhooks",
    title="Roles do not change admission",
    severity=Severity.CRITICAL,
    why="A webhook of one's own sees every secret that is written and changes every pod; a policy less lets all in.",
    remedy="Leave admission to the platform's stack; grant get, list and watch to who has to read it.",
    standards=(
        "CIS Kubernetes 1.10 5.1.12",
        "CIS EKS 1.8.0 4.1.11",
    ),
    types=CLUSTER_ROLES,
    check=demands(
        Demand(
            RULES,
            Not(grants(_GROUP, _KINDS, ("create", "update", "patch", "delete", "deletecollection"))),
            "changes admission; allowed are get, list and watch",
        )
    ),
    passing=(role(_GROUP, "validatingwebhookconfigurations", "get", "list"), role("apps", "deployments", "create")),
    failing=(
        role(_GROUP, "mutatingwebhookconfigurations", "patch"),
        role(_GROUP, "validatingadmissionpolicybindings", "delete"),
        role(_GROUP, "*", "create"),
        role("*", "validatingwebhookconfigurations", "*"),
    ),
)
