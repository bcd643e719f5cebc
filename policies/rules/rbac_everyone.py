"""Rights are given to somebody, not to whoever comes."""

from __future__ import annotations

from policies.condition import Field, Not, one_of
from policies.demand import ITEM, Demand, demands
from policies.rbac import BINDINGS, SUBJECTS, binding
from policies.rule import Rule, Severity

_EVERYONE = ("system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts")

RULE = Rule(
    id="rbac_everyone",
    title="Nobody unknown is bound to a role",
    severity=Severity.CRITICAL,
    why="These names stand for whoever reaches the API server, or for every pod and person with any account at all.",
    remedy="Bind groups of the identity provider, or single service accounts.",
    types=BINDINGS,
    check=demands(
        Demand(
            SUBJECTS,
            Not(one_of(Field(ITEM, "name"), *_EVERYONE)),
            "stands for everybody; allowed is any subject but " + ", ".join(f"`{name}`" for name in _EVERYONE),
            at=("name",),
        )
    ),
    passing=(binding("team-a"), binding("system:serviceaccount:team:ci", of="User")),
    failing=(*(binding(name) for name in _EVERYONE), binding("system:anonymous", of="User", kind="RoleBinding")),
)
