"""Roles name what they allow."""

from __future__ import annotations

from policies.condition import EachItem, Field, Matches, Not
from policies.demand import ITEM, Demand, demands
from policies.plain import Plain
from policies.rbac import GROUP, ROLES, RULES
from policies.rule import Resource, Rule, Severity
from policies.samples import sample

_FIELDS = ("verbs", "resources", "apiGroups", "nonResourceURLs")
# `*/scale` covers every resource that has the subresource, `/*` every URL.
_NAMED = Not(Matches(Field("name"), r"\*|\*/.*|/\*.*"))


def _role(kind: str = "Role", **rule: Plain) -> Resource:
    return sample(f"{GROUP}/v1:{kind}", rules=[rule])


RULE = Rule(
    id="rbac_wildcard",
    title="Roles have no wildcards",
    severity=Severity.CRITICAL,
    why="A wildcard also grants what is added to the cluster later.",
    remedy="List the API groups, resources and verbs that are used.",
    standards=("CIS Kubernetes 1.10 5.1.3", "CIS EKS 1.7.0 4.1.3"),
    types=ROLES,
    check=demands(
        *(
            Demand(
                RULES,
                EachItem(Field(ITEM, field), "name", _NAMED),
                "has a wildcard; allowed are the names that are needed",
                at=(field,),
            )
            for field in _FIELDS
        )
    ),
    passing=(
        _role(apiGroups=[""], resources=["pods", "pods/log"], verbs=["get", "list"]),
        _role("ClusterRole", nonResourceURLs=["/metrics"], verbs=["get"]),
        sample(f"{GROUP}/v1:ClusterRole", aggregationRule={"clusterRoleSelectors": []}),
    ),
    failing=(
        _role(apiGroups=[""], resources=["pods"], verbs=["*"]),
        _role("ClusterRole", apiGroups=[""], resources=["*"], verbs=["get"]),
        _role("RolePatch", apiGroups=["*"], resources=["pods"], verbs=["get"]),
        _role(apiGroups=["apps"], resources=["*/scale"], verbs=["patch"]),
        _role("ClusterRole", nonResourceURLs=["*"], verbs=["get"]),
        _role("ClusterRole", nonResourceURLs=["/*"], verbs=["get"]),
        sample(f"{GROUP}/v1:RoleList", items=[{"rules": [{"verbs": ["*"]}]}]),
    ),
)
