"""The exemptions of an environment, as every report lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from environments import Environment
from idp.engine.findings import excused
from idp.engine.layer import Result


@dataclass(frozen=True)
class Listed:
    """An exemption, and what it did."""

    control: str
    resource: str
    owner: str
    reason: str
    expires: str
    """Its last day."""
    expired: bool
    findings: int | None
    """How many it excused; None where its layer was not looked at to the end."""


def listed(environment: Environment, results: Sequence[Result]) -> list[Listed]:
    """Return every exemption of the environment, those of layers without a result, too."""
    found = {
        (control, resource): findings
        for result in results
        for violation in result.progress.violations
        for control, resource, findings in excused(violation.message)
    }
    today = datetime.now(UTC).date()
    return [
        Listed(
            **vars(one),
            expired=today > date.fromisoformat(one.expires),
            findings=found.get((one.control, one.resource)),
        )
        for one in environment.policies.exemptions
    ]
