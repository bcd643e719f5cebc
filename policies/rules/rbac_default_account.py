"""The account that every pod gets has no rights."""

from __future__ import annotations

from policies.condition import Field, Matches, Not, all_of, any_of, one_of
from policies.demand import ITEM, Demand, demands
from policies.rbac import BINDINGS, SUBJECTS, binding
from policies.rule import Rule, Severity

_ACCOUNT = all_of(one_of(Field(ITEM, "kind"), "ServiceAccount"), one_of(Field(ITEM, "name"), "default"))
# The user that it is, and the group of all accounts of a namespace.
_BY_NAME = r"system:serviceaccount:[^:]*:default|system:serviceaccounts:.*"

RULE = Rule(
    id="rbac_default_account",
    title="Default service accounts are not bound to a role",
    severity=Severity.HIGH,
    why="Every pod that names no account runs as `default`: a right of it is one of whatever runs in the namespace.",
    remedy="Make a service account for what needs the right, name it in the pod, and bind that.",
    standards=("CIS Kubernetes 1.10 5.1.5", "CIS EKS 1.7.0 4.1.5"),
    types=BINDINGS,
    check=demands(
        Demand(
            SUBJECTS,
            Not(any_of(_ACCOUNT, Matches(Field(ITEM, "name"), _BY_NAME))),
            "is what pods run as that name no account; allowed is a service account of its own",
            at=("name",),
        )
    ),
    passing=(
        binding("ci", of="ServiceAccount"),
        binding("default"),
        binding("system:serviceaccount:team:ci", of="User"),
    ),
    failing=(
        binding("default", of="ServiceAccount"),
        binding("system:serviceaccount:team:default", of="User"),
        binding("system:serviceaccounts:team", kind="RoleBinding"),
    ),
)
