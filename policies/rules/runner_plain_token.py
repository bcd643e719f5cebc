"""The token of a GitLab runner is kept as a secret."""

from __future__ import annotations

from policies.condition import Field, Filled, Not
from policies.demand import ITEM
from policies.kinds import kubernetes
from policies.rule import Rule, Severity
from policies.runners import GOOD, RunnerDemand, configured, demanded

_KEYS = ("token", "registration_token")
_FIRST = "[[runners]]\n"

RULE = Rule(
    id="runner_plain_token",
    title="No ConfigMap holds the token of a GitLab runner",
    severity=Severity.CRITICAL,
    why="Who may look at the namespace reads it, takes jobs in the runner's place, and with them their secrets.",
    remedy="Keep the configuration in a Secret, or have the token written by Vault's agent.",
    types=kubernetes(ConfigMap="core"),
    check=demanded(
        *(
            RunnerDemand(Not(Filled(Field(ITEM, key))), "is in plain sight; allowed is a Secret", at=(key,))
            for key in _KEYS
        )
    ),
    passing=(configured(), configured(GOOD.replace(_FIRST, f"{_FIRST}token = ''\n"))),
    failing=tuple(
        configured(GOOD.replace(_FIRST, f"{_FIRST}{key} = 'glrt-0'\n"), kind)
        for key, kind in zip(_KEYS, ("ConfigMap", "ConfigMapPatch"), strict=True)
    ),
)
