"""Every container says what it needs, and how much memory it may take."""

from __future__ import annotations

from policies.condition import AboveZero, Field
from policies.demand import ITEM, STARTED_CONTAINERS, Demand, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Rule, Severity
from policies.samples import deployment, workload

_NEEDED = tuple(("resources", *keys) for keys in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")))


def _container(requests: Plain, limits: Plain) -> dict[str, Plain]:
    return {"image": "app:1", "resources": {"requests": requests, "limits": limits}}


_GOOD = _container({"cpu": "50m", "memory": "32Mi"}, {"memory": "32Mi"})

RULE = Rule(
    id="container_resources",
    title="Containers have requests and a memory limit",
    severity=Severity.MEDIUM,
    why="Without requests the scheduler overfills nodes; without a memory limit one leak takes its neighbours down.",
    remedy="Set `resources.requests.cpu`, `resources.requests.memory` and `resources.limits.memory` on each container.",
    types=WORKLOADS,
    check=demands(
        *(
            Demand(
                STARTED_CONTAINERS,
                AboveZero(Field(ITEM, *keys)),
                "is missing or zero; allowed is a quantity above zero",
                at=keys,
            )
            for keys in _NEEDED
        )
    ),
    passing=(
        deployment(_GOOD),
        deployment(_container({"cpu": 1, "memory": "1e9"}, {"cpu": "2", "memory": "1.5Gi"})),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
        workload("Pod", {"containers": [_GOOD], "ephemeralContainers": [{"image": "debug:1"}]}),
    ),
    failing=(
        deployment({"image": "app:1"}),
        deployment(_container({"cpu": "50m"}, {"memory": "32Mi"})),
        deployment(_container({"memory": "32Mi"}, {"memory": "32Mi"})),
        deployment(_container({"cpu": "50m", "memory": "32Mi"}, {"cpu": "1"})),
        deployment(_container({"cpu": "0m", "memory": "32Mi"}, {"memory": "32Mi"})),
        deployment(_container({"cpu": "50m", "memory": "32Mi"}, {"memory": "-1Mi"})),
        workload("StatefulSet", {"containers": [_GOOD], "initContainers": [{"image": "app:1"}]}),
        workload("Deployment", {"containers": [{"image": "sidecar:1"}]}, typed="apps/v1:DeploymentPatch"),
    ),
)
