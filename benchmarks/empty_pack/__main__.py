"""A pack of one empty policy: what the engine's round trip costs before any rule runs."""

from __future__ import annotations

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)


def _nothing(_args: ResourceValidationArgs, _report: ReportViolation) -> None:
    return


PolicyPack(
    name="empty",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[ResourceValidationPolicy(name="empty", description="Looks at nothing.", validate=_nothing)],
)
