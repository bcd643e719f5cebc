"""GitLab jobs run as pods of their own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.condition import Field, one_of
from policies.demand import ITEM
from policies.rule import Finding, Resource, Rule, Severity, Violation
from policies.runners import CONFIGURATIONS, GOOD, RunnerDemand, Text, changed, configured, demanded, runners, texts

_check_each = demanded(
    RunnerDemand(one_of(Field(ITEM, "executor"), "kubernetes"), "is another; allowed is `kubernetes`", at=("executor",))
)


def _check(resource: Resource) -> Iterator[Finding]:
    for text in texts(resource):
        if isinstance(text, Text) and runners(text.content) is None:
            yield Violation("is no TOML; allowed is a configuration that can be read", text.path)
    yield from _check_each(resource)


RULE = Rule(
    id="runner_executor",
    title="GitLab runners use the Kubernetes executor",
    severity=Severity.HIGH,
    why="With another executor jobs run inside the runner, beside its token and the jobs of other projects.",
    remedy='Set `executor = "kubernetes"`.',
    types=CONFIGURATIONS,
    check=_check,
    passing=(configured(), configured(kind="Secret"), configured('version = 2\n[plugins]\na = "b"')),
    failing=(
        changed('"kubernetes"', '"shell"'),
        changed('executor = "kubernetes"', "", kind="Secret"),
        configured(f"{GOOD}\n[[runners]]\nexecutor = 'docker'", kind="ConfigMapPatch"),
        configured("[runners"),
    ),
)
