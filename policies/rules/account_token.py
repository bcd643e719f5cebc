"""A service account gives its token to no pod by itself."""

from __future__ import annotations

from policies.condition import Field, absent, all_of, any_of, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample

_FIELD = "automountServiceAccountToken"


def _account(automount: Plain, name: str = "app", typed: str = "core/v1:ServiceAccount") -> Resource:
    return sample(typed, metadata={"name": name, "namespace": "team"}, automountServiceAccountToken=automount)


RULE = Rule(
    id="account_token",
    title="Service accounts give no token by themselves",
    severity=Severity.MEDIUM,
    why="Pods that forget to say that they need no token get one, and a program that is broken into has it.",
    remedy=f"Set `{_FIELD}: false` on the account, and `true` on the pods that talk to the API server.",
    standards=("CIS Kubernetes 1.10 5.1.6", "CIS EKS 1.7.0 4.1.6"),
    types=kubernetes(ServiceAccount="core"),
    check=demands(
        Demand(
            WHOLE,
            any_of(
                one_of(Field(ITEM, _FIELD), False),
                # As the cluster itself makes it in every namespace.
                all_of(absent(Field(ITEM, _FIELD)), one_of(Field(ITEM, "metadata", "name"), "default")),
            ),
            "is not false; allowed is false",
            at=(_FIELD,),
        )
    ),
    passing=(
        _account(automount=False),
        _account(None, "default"),
        sample("core/v1:ServiceAccountPatch", metadata={"name": "app"}),
    ),
    failing=(
        _account(None),
        _account(automount=True),
        _account(True, "default"),
        _account(True, typed="core/v1:ServiceAccountPatch"),
    ),
)
