"""Nothing is made by a provider that nobody built on purpose."""

from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import Anything
from policies.rule import Finding, Provider, Resource, Rule, Severity, Violation
from policies.samples import EXPLICIT, sample

_PREFIX = "pulumi:providers:"
_BUILT_IN = f"{_PREFIX}pulumi"
"""Serves stack references; the engine never lets it be disabled."""


def _check(resource: Resource) -> Iterator[Finding]:
    provider = resource.provider
    if provider is None or provider.type == _BUILT_IN:
        return
    # The engine's own test: IsDefaultProvider in sdk/go/common/providers of pulumi.
    if provider.type.startswith(_PREFIX) and provider.name.startswith("default"):
        yield Violation("made by a default provider; allowed is a provider built by the stack program", "")


RULE = Rule(
    id="default_provider",
    title="No resource is made by a default provider",
    severity=Severity.HIGH,
    why="A default provider takes whatever credentials and cluster the shell of the moment points at.",
    remedy="Pass the stack's provider: `opts=ResourceOptions(provider=...)`, or `parent=` a component that has one. "
    "The name of a provider of your own must not begin with `default`.",
    types=Anything(),
    check=_check,
    passing=(
        sample("core/v1:ConfigMap", provider=EXPLICIT),
        sample("core/v1:ConfigMap", provider=None),
        Resource("pulumi:pulumi:StackReference", "other", {}, provider=Provider(_BUILT_IN, "default")),
    ),
    failing=(
        sample("core/v1:ConfigMap", provider=Provider("pulumi:providers:kubernetes", "default")),
        sample("core/v1:ConfigMap", provider=Provider("pulumi:providers:kubernetes", "default_4_25_0")),
        Resource("aws:s3/bucket:Bucket", "logs", {}, provider=Provider("pulumi:providers:aws", "default_7_51_1")),
    ),
)
