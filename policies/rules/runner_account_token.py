"""GitLab jobs do not talk to the API server."""

from __future__ import annotations

from policies.condition import Field, one_of
from policies.demand import ITEM
from policies.rule import Rule, Severity
from policies.runners import CONFIGURATIONS, RunnerDemand, changed, configured, demanded

_AT = ("kubernetes", "automount_service_account_token")

RULE = Rule(
    id="runner_account_token",
    title="GitLab jobs get no token of the cluster",
    severity=Severity.MEDIUM,
    why="A job runs what a pipeline says: with a token it asks the API server for whatever the job's account may see.",
    remedy="Set `automount_service_account_token = false`; give jobs `id_tokens` for what they log in to.",
    standards=("CIS Kubernetes 1.10 5.1.6", "CIS EKS 1.7.0 4.1.6"),
    types=CONFIGURATIONS,
    check=demanded(RunnerDemand(one_of(Field(ITEM, *_AT), False), "is not false; allowed is false", _AT)),
    passing=(configured(), configured(kind="Secret")),
    failing=(
        changed("automount_service_account_token = false", ""),
        changed("automount_service_account_token = false", "automount_service_account_token = true", kind="Secret"),
    ),
)
