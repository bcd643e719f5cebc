"""What runs does not change itself."""

from __future__ import annotations

from policies.condition import Field, one_of
from policies.demand import ITEM, STARTED_CONTAINERS, Demand, demands
from policies.pods import WORKLOADS
from policies.rule import Rule, Severity
from policies.samples import deployment, workload

_FIELD = ("securityContext", "readOnlyRootFilesystem")

RULE = Rule(
    id="container_read_only_root",
    title="Containers can't write to their image's files",
    severity=Severity.MEDIUM,
    why="Who breaks into a program that can't write its own files can't stay there, nor leave tools for the next step.",
    remedy="Set `securityContext.readOnlyRootFilesystem: true`; mount an emptyDir of a set size where it must write.",
    types=WORKLOADS,
    check=demands(
        Demand(STARTED_CONTAINERS, one_of(Field(ITEM, *_FIELD), True), "is not true; allowed is true", at=_FIELD)
    ),
    passing=(
        deployment({"image": "app:1", "securityContext": {"readOnlyRootFilesystem": True}}),
        workload("Pod", {"ephemeralContainers": [{"image": "debug:1"}]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        deployment({"image": "app:1"}),
        deployment({"image": "app:1", "securityContext": {"readOnlyRootFilesystem": False}}),
        workload("CronJob", {"initContainers": [{"image": "app:1", "securityContext": {}}]}),
        workload("Deployment", {"containers": [{"image": "app:1"}]}, typed="apps/v1:DeploymentPatch"),
    ),
)
