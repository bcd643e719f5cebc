"""What answers requests says when it can."""

from __future__ import annotations

from policies.condition import Field, Filled, Not, any_of, present
from policies.demand import ITEM, POD, Demand, Items, demands
from policies.plain import Plain
from policies.pods import LONG_RUNNING
from policies.rule import Rule, Severity
from policies.samples import deployment, workload

_PORTS: dict[str, Plain] = {"image": "app:1", "ports": [{"containerPort": 8080}]}
_PROBE: dict[str, Plain] = {"readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}}}

RULE = Rule(
    id="container_readiness",
    title="Containers with ports have a readiness probe",
    severity=Severity.LOW,
    why="Without one a pod gets requests before it can answer them, and a rollout of a version that can't goes on.",
    remedy="Set `readinessProbe` on each container that has `ports`.",
    types=LONG_RUNNING,
    check=demands(
        Demand(
            Items(POD, (("containers",),), replaced="image"),
            any_of(present(Field(ITEM, "readinessProbe")), Not(Filled(Field(ITEM, "ports")))),
            "is missing; allowed is a probe, or a container without ports",
            at=("readinessProbe",),
        )
    ),
    passing=(
        deployment({**_PORTS, **_PROBE}, {"image": "worker:1"}),
        workload("StatefulSet", {"initContainers": [_PORTS]}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        deployment(_PORTS),
        deployment({**_PORTS, "livenessProbe": {"tcpSocket": {"port": 8080}}}),
        workload("StatefulSet", {"containers": [{**_PORTS, **_PROBE}, _PORTS]}),
        workload("DaemonSet", {"containers": [_PORTS]}, typed="apps/v1:DaemonSetPatch"),
    ),
)
