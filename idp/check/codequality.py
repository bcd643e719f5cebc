"""A report for GitLab's merge request widget (docs.gitlab.com/ci/testing/code_quality, "report format")."""

from __future__ import annotations

import json
from itertools import groupby

from idp.check.fingerprints import identified
from idp.check.judge import Judged, Said
from idp.check.run import Report
from idp.check.sources import from_here
from policies.fingerprint import fingerprint
from policies.rule import Severity

_SEVERITIES = {
    Severity.LOW: "minor",
    Severity.MEDIUM: "major",
    Severity.HIGH: "critical",
    Severity.CRITICAL: "blocker",
}
_NOT_KNOWN = "info"


def issues(report: Report) -> str:
    """Return a JSON list with one issue for each control that a resource violates or that could not be told.

    One, however often it does: the fingerprint is made of the resource and the control alone, so that an issue stays
    the same one while places, lines and files move.
    """
    found: list[dict[str, object]] = []
    for judged, identity in identified(report.judged):
        for kind, said in (("", judged.violations), ("unknown", judged.unknown)):
            by_control = groupby(sorted(said, key=lambda one: (one.control, one.line)), key=lambda one: one.control)
            found += [_issue(judged, identity, kind, list(places)) for _, places in by_control]
    return json.dumps(found, indent=2)


def _issue(judged: Judged, identity: str, kind: str, places: list[Said]) -> dict[str, object]:
    first = places[0]
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    where = f"{judged.kind} {judged.name}, {first.path}" if first.path else f"{judged.kind} {judged.name}"
    return {
        "description": f"{where}: {first.message}{more}. {first.remedy}",
        "check_name": first.control,
        "fingerprint": fingerprint(identity, first.control, *([kind] if kind else [])),
        "severity": _NOT_KNOWN if kind else _SEVERITIES[first.severity],
        "location": {"path": from_here(judged.path), "lines": {"begin": first.line}},
    }
