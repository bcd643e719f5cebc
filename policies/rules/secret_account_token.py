"""Nobody holds a token of a service account that never ends."""

from __future__ import annotations

from policies.condition import Field, Not, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.rule import Rule, Severity
from policies.samples import sample

_TYPE = "kubernetes.io/service-account-token"

RULE = Rule(
    id="secret_account_token",
    title="No Secret holds a token of a service account",
    severity=Severity.HIGH,
    why="Such a token is good until somebody deletes the Secret, from anywhere, whoever copied it.",
    remedy="Mount a projected `serviceAccountToken` with an audience, or ask with `kubectl create token`.",
    standards=("CIS Kubernetes 1.10 5.1.6", "CIS EKS 1.7.0 4.1.6"),
    types=kubernetes(Secret="core"),  # noqa: S106 (the kind)
    check=demands(
        Demand(
            WHOLE,
            Not(one_of(Field(ITEM, "type"), _TYPE)),
            "is for a token that never ends; allowed is any other type",
            at=("type",),
        )
    ),
    passing=(
        sample("core/v1:Secret", type="Opaque"),
        sample("core/v1:Secret", type="kubernetes.io/tls"),
        sample("core/v1:SecretPatch"),
    ),
    failing=(
        sample("core/v1:Secret", type=_TYPE, metadata={"annotations": {"kubernetes.io/service-account.name": "ci"}}),
        sample("core/v1:SecretPatch", type=_TYPE),
        sample("core/v1:SecretList", items=[{"type": _TYPE}]),
    ),
)
