"""GitLab jobs have no privileges."""

from __future__ import annotations

from policies.condition import Field, Filled, Not, one_of, unset_or
from policies.demand import ITEM
from policies.rule import Rule, Severity
from policies.runners import CONFIGURATIONS, RunnerDemand, changed, configured, demanded, extended

_PODS = ("kubernetes",)
_FALSE = one_of(Field(ITEM, *_PODS, "allow_privilege_escalation"), False)
_CONTAINERS = tuple(f"{name}_container_security_context" for name in ("build", "helper", "service", "init_permissions"))

RULE = Rule(
    id="runner_privileged",
    title="GitLab jobs run without privileges",
    severity=Severity.CRITICAL,
    why="A privileged job is root on the node, whoever pushed the commit, and with it every other job and its secrets.",
    remedy="Set `privileged = false` and `allow_privilege_escalation = false`; build images without root.",
    types=CONFIGURATIONS,
    check=demanded(
        RunnerDemand(_FALSE, "is not false; allowed is false", at=(*_PODS, "allow_privilege_escalation")),
        RunnerDemand(
            unset_or(Field(ITEM, *_PODS, "privileged"), False), "is true; allowed is false", at=(*_PODS, "privileged")
        ),
        RunnerDemand(
            Not(Filled(Field(ITEM, *_PODS, "cap_add"))),
            "is not empty; allowed is an empty list",
            at=(*_PODS, "cap_add"),
        ),
        *(
            RunnerDemand(
                unset_or(Field(ITEM, *_PODS, container, field), False),
                "is true; allowed is false",
                (*_PODS, container, field),
            )
            for container in _CONTAINERS
            for field in ("privileged", "allow_privilege_escalation")
        ),
    ),
    passing=(configured(), configured(kind="Secret"), extended("cap_add = []")),
    failing=(
        changed("privileged = false", "privileged = true"),
        changed("allow_privilege_escalation = false", "", kind="Secret"),
        extended('cap_add = ["SYS_ADMIN"]'),
        *(extended(f"[runners.kubernetes.{name}]\nprivileged = true") for name in _CONTAINERS),
        extended("[runners.kubernetes.build_container_security_context]\nallow_privilege_escalation = true"),
    ),
)
