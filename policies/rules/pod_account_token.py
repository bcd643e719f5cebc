"""A pod has a token for the API server only if it says so."""

from __future__ import annotations

from policies.condition import Field, present
from policies.demand import POD, PODS, Demand, demands
from policies.pods import WORKLOADS
from policies.rule import Rule, Severity
from policies.samples import workload

_FIELD = "automountServiceAccountToken"

RULE = Rule(
    id="pod_account_token",
    title="Pods say whether they get a token of their account",
    severity=Severity.MEDIUM,
    why="By default every container can ask the API server as its service account; hardly any has to.",
    remedy=f"Set `{_FIELD}: false` on the pod; `true` only for what talks to the API server.",
    standards=("CIS Kubernetes 1.10 5.1.6", "CIS EKS 1.7.0 4.1.6"),
    types=WORKLOADS,
    check=demands(
        Demand(PODS, present(Field(POD, _FIELD)), "is missing; allowed are false, and true if asked for", at=(_FIELD,))
    ),
    passing=(
        workload("Deployment", {_FIELD: False}),
        workload("Job", {_FIELD: True, "serviceAccountName": "job"}),
        workload("Deployment", {"containers": []}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(workload("Pod", {"containers": []}), workload("CronJob", {_FIELD: None, "serviceAccountName": "job"})),
)
