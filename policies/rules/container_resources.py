"""Every container says what it needs, and how much memory it may take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.plain import UNKNOWN, Plain, at, join
from policies.pods import RUNNING, WORKLOADS, Container, containers
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import deployment, workload

_NEEDED = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
_ZERO = re.compile(r"[+-]?[0.]*([A-Za-z].*)?")


def _check(resource: Resource) -> Iterator[Finding]:
    for container in containers(resource, RUNNING):
        if isinstance(container, NotYetKnown):
            yield container
        # A patch that names no image changes a container that was judged when it was made.
        elif not resource.patch or "image" in container.spec:
            yield from _judge(container)


def _judge(container: Container) -> Iterator[Finding]:
    for keys in _NEEDED:
        value = at(container.spec, "resources", *keys)
        path = join(container.path, "resources", *keys)
        if value is UNKNOWN:
            yield NotYetKnown(path)
        elif not _is_amount(value):
            yield Violation("is missing or zero; allowed is a quantity above zero", path)


def _is_amount(value: Plain) -> bool:
    if isinstance(value, str):
        return _ZERO.fullmatch(value) is None
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


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
    check=_check,
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
        workload("StatefulSet", {"containers": [_GOOD], "initContainers": [{"image": "app:1"}]}),
        workload("Deployment", {"containers": [{"image": "sidecar:1"}]}, typed="apps/v1:DeploymentPatch"),
    ),
)
