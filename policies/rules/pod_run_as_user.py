"""No pod or container asks for user 0."""

from __future__ import annotations

from policies.condition import Not, any_of, one_of
from policies.demand import demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload
from policies.security_context import OWN_USERS, context, for_all

_FIELD = "runAsUser"


def _context(value: Plain) -> dict[str, Plain]:
    return {"securityContext": {"runAsUser": value}}


RULE = Rule(
    id="pod_run_as_user",
    title="Nothing asks for user 0",
    severity=Severity.HIGH,
    why="User 0 is root, whatever `runAsNonRoot` and the image say.",
    remedy="Leave out `securityContext.runAsUser`, or name another user.",
    standards=("Pod Security restricted: Running as Non-root user", "CIS Kubernetes 1.10 5.2.7"),
    types=WORKLOADS,
    profile=Profile.RESTRICTED,
    check=demands(
        *for_all(
            any_of(OWN_USERS, Not(one_of(context(_FIELD), 0))),
            "is 0; allowed is another user, or nothing, or any with `hostUsers: false`",
            _FIELD,
        )
    ),
    passing=(
        workload("Pod", {"containers": [{"name": "app"}, _context(1)]}),
        workload("Deployment", {**_context(1000), "containers": [_context(None)]}),
        workload("Pod", {**_context(0), "hostUsers": False, "containers": [_context(0)]}),
        workload("Deployment", {"containers": [_context(0)]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", _context(0)),
        workload("Pod", {**_context(0), "hostUsers": True, "containers": [_context(1)]}),
        workload("Deployment", {**_context(1), "containers": [_context(1), _context(0)]}),
        workload("CronJob", {"initContainers": [_context(0)]}),
        workload("Pod", {"ephemeralContainers": [_context(0)]}),
        workload("Deployment", {"hostUsers": True, "containers": [_context(0)]}, typed="apps/v1:DeploymentPatch"),
    ),
)
