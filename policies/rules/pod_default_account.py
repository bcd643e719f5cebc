"""A pod that talks to the API server does so under a name of its own."""

from __future__ import annotations

from policies.condition import Condition, Field, Filled, Not, all_of, any_of, one_of
from policies.demand import POD, PODS, Demand, demands
from policies.pods import WORKLOADS
from policies.rule import Rule, Severity
from policies.samples import workload

_TOKEN = "automountServiceAccountToken"  # noqa: S105 (a field)


def _own(field: str) -> Condition:
    return all_of(Filled(Field(POD, field)), Not(one_of(Field(POD, field), "default")))


RULE = Rule(
    id="pod_default_account",
    title="Pods with a token have an account of their own",
    severity=Severity.MEDIUM,
    why="What is granted to `default` is granted to every pod of the namespace, and its audit entries name nobody.",
    remedy=f"Name a service account made for the pod in `serviceAccountName`, or set `{_TOKEN}: false`.",
    standards=("CIS Kubernetes 1.10 5.1.5", "CIS EKS 1.7.0 4.1.5"),
    types=WORKLOADS,
    check=demands(
        Demand(
            PODS,
            # `serviceAccount` is the old name, which the API server still takes.
            any_of(one_of(Field(POD, _TOKEN), False), _own("serviceAccountName"), _own("serviceAccount")),
            "is the default account; allowed is one of its own, or no token",
            at=("serviceAccountName",),
        )
    ),
    passing=(
        workload("Deployment", {_TOKEN: False}),
        workload("Job", {_TOKEN: True, "serviceAccountName": "job"}),
        workload("Pod", {"serviceAccount": "job"}),
        workload("Deployment", {"containers": []}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {}),
        workload("Job", {_TOKEN: True, "serviceAccountName": "default"}),
        workload("CronJob", {_TOKEN: True, "serviceAccountName": ""}),
        workload(
            "Deployment",
            {_TOKEN: True, "serviceAccountName": "default", "serviceAccount": "default"},
            typed="apps/v1:DeploymentPatch",
        ),
    ),
)
