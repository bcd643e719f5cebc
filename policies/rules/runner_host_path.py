"""GitLab jobs see no files of the node."""

from __future__ import annotations

from policies.condition import Field, Filled, Not
from policies.demand import ITEM
from policies.rule import Resource, Rule, Severity
from policies.runners import CONFIGURATIONS, RunnerDemand, configured, demanded, extended

_AT = ("kubernetes", "volumes", "host_path")


def _mounting(source: str, kind: str = "ConfigMap") -> Resource:
    return extended(f"[[runners.kubernetes.volumes.{source}]]\nname = 'a'\nmount_path = '/builds'", kind)


RULE = Rule(
    id="runner_host_path",
    title="GitLab jobs mount no folder of the node",
    severity=Severity.CRITICAL,
    why="With a folder of the node a job reads what others left there; with the container runtime's socket it is root.",
    remedy="Leave `[[runners.kubernetes.volumes.host_path]]` out; use `empty_dir` or the distributed cache.",
    types=CONFIGURATIONS,
    check=demanded(
        RunnerDemand(
            Not(Filled(Field(ITEM, *_AT))), "is not empty; allowed are empty_dir, config_map, secret and pvc", at=_AT
        )
    ),
    passing=(configured(), _mounting("empty_dir"), configured(kind="Secret")),
    failing=(_mounting("host_path"), _mounting("host_path", "Secret")),
)
