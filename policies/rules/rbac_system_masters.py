"""The group above all roles has no members of ours."""

from __future__ import annotations

from policies.condition import Field, Not, one_of
from policies.demand import ITEM, Demand, demands
from policies.rbac import BINDINGS, SUBJECTS, binding
from policies.rule import Rule, Severity

RULE = Rule(
    id="rbac_system_masters",
    title="Nobody is bound as system:masters",
    severity=Severity.CRITICAL,
    why="To `system:masters` the API server allows all, whatever roles say, and its certificates can't be revoked.",
    remedy="Bind a group of the identity provider to the roles that it needs.",
    standards=("CIS Kubernetes 1.10 5.1.7",),
    types=BINDINGS,
    check=demands(
        Demand(
            SUBJECTS,
            Not(one_of(Field(ITEM, "name"), "system:masters")),
            "is above all roles; allowed is any subject but `system:masters`",
            at=("name",),
        )
    ),
    passing=(binding("team-a"), binding("ci", of="ServiceAccount")),
    failing=(
        binding("system:masters"),
        binding("system:masters", kind="RoleBinding"),
        binding("system:masters", kind="RoleBindingPatch"),
    ),
)
