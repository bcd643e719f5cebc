"""GitLab jobs have no privileges."""

from __future__ import annotations

from policies.condition import Field, Filled, Not, one_of, unset_or
from policies.demand import ITEM
from policies.rule import Rule, Severity
from policies.runners import CONFIGURATIONS, RunnerDemand, changed, configured, demanded, extended

_CONTAINERS = tuple(f"{name}_container_security_context" for name in ("build", "helper", "service", "init_permissions"))
_SWITCHES = (
    ("privileged",),
    *((container, field) for container in _CONTAINERS for field in ("privileged", "allow_privilege_escalation")),
)
_ADDED = (("cap_add",), *((container, "capabilities", "add") for container in _CONTAINERS))


def _off(*at: str) -> RunnerDemand:
    return RunnerDemand(unset_or(Field(ITEM, *at), False), "is true; allowed is false", at)


def _empty(*at: str) -> RunnerDemand:
    return RunnerDemand(Not(Filled(Field(ITEM, *at))), "is not empty; allowed is an empty list", at)


# What is not set is allowed: Kubernetes says so.
_ESCALATION = ("kubernetes", "allow_privilege_escalation")

RULE = Rule(
    id="runner_privileged",
    title="GitLab jobs run without privileges",
    severity=Severity.CRITICAL,
    why="A privileged job is root on the node, whoever pushed the commit, and with it every other job and its secrets.",
    remedy="Set `privileged = false` and `allow_privilege_escalation = false`; build images without root.",
    types=CONFIGURATIONS,
    check=demanded(
        RunnerDemand(one_of(Field(ITEM, *_ESCALATION), False), "is not false; allowed is false", _ESCALATION),
        *(_off("kubernetes", *at) for at in _SWITCHES),
        *(_empty("kubernetes", *at) for at in _ADDED),
    ),
    passing=(configured(), configured(kind="Secret"), extended("cap_add = []")),
    failing=(
        changed("privileged = false", "privileged = true"),
        changed("allow_privilege_escalation = false", "", kind="Secret"),
        extended('cap_add = ["SYS_ADMIN"]'),
        *(extended(f"[runners.kubernetes.{name}]\nprivileged = true") for name in _CONTAINERS),
        extended("[runners.kubernetes.build_container_security_context]\nallow_privilege_escalation = true"),
        extended("[runners.kubernetes.helper_container_security_context.capabilities]\nadd = ['NET_ADMIN']"),
    ),
)
