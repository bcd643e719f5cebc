"""A report as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), the format that code scanners share."""

from __future__ import annotations

import json
from importlib.metadata import version
from urllib.parse import quote

from idp.check.fingerprints import identified
from idp.check.judge import Judged, Said
from idp.check.run import Report
from idp.check.sources import Problem, from_here
from idp.errors import Exit
from policies.fingerprint import fingerprint
from policies.rule import Rule, Severity, StackRule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {
    Severity.LOW: ("note", "3.0"),
    Severity.MEDIUM: ("warning", "5.5"),
    Severity.HIGH: ("error", "8.0"),
    Severity.CRITICAL: ("error", "9.5"),
}
"""The level, and a `security-severity` in the middle of the band that GitHub's code scanning has for the word."""

_BASE = "%SRCROOT%"


def log(report: Report, code: Exit) -> str:
    """Return the report with the rules it was made by; `code` is what the command ends with."""
    indices = {rule.id: index for index, rule in enumerate(report.catalogue.rules)}
    results = [
        _result(judged, said, identity, indices[said.control], kind)
        for judged, identity in identified(report.judged)
        for kind, findings in (("fail", (*judged.violations, *judged.exempted)), ("open", judged.unknown))
        for said in findings
    ]
    run = {
        "tool": {
            "driver": {
                "name": "idp policy check",
                "version": version("idp"),
                "rules": [_rule(rule) for rule in report.catalogue.rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not report.problems,
                "exitCode": code.value,
                "toolExecutionNotifications": [_notification(problem) for problem in report.problems],
            }
        ],
        "originalUriBaseIds": {_BASE: {"description": {"text": "The folder that the command ran in."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(rule: Rule | StackRule) -> dict[str, object]:
    level, score = _LEVELS[rule.severity]
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("_")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.remedy, "markdown": rule.remedy},
        "defaultConfiguration": {"level": level},
        "properties": {
            "security-severity": score,
            "precision": "very-high",
            "problem.severity": "recommendation" if level == "note" else level,
            "tags": ["security", *rule.standards, *([f"pod-security/{rule.profile.value}"] if rule.profile else [])],
        },
    }


def _result(judged: Judged, said: Said, identity: str, index: int, kind: str) -> dict[str, object]:
    named = f"{judged.kind} {judged.name}"
    return {
        "ruleId": said.control,
        "ruleIndex": index,
        "kind": kind,
        # The standard has no level for what is not (yet) a failure.
        "level": _LEVELS[said.severity][0] if kind == "fail" else "none",
        "message": {"text": f"{named}{', ' if said.path else ''}{said.path}: {said.message}. {said.remedy}"},
        "locations": [
            {
                "physicalLocation": _place(judged.path, said.line),
                "logicalLocations": [
                    {
                        "name": judged.name,
                        "fullyQualifiedName": judged.urn
                        or "/".join(part for part in (judged.namespace, judged.kind, judged.name) if part),
                        "kind": "resource",
                    }
                ],
            }
        ],
        "partialFingerprints": {"resourceControl/v1": fingerprint(identity, said.control, said.path, said.message)},
        "suppressions": [{"kind": "external", "status": "accepted", "justification": said.exempted}]
        if said.exempted
        else [],
    }


def _notification(problem: Problem) -> dict[str, object]:
    return {
        "level": "error",
        "message": {"text": f"{problem.place}{': ' if problem.place else ''}{problem.message}"},
        "locations": [{"physicalLocation": _place(problem.path, problem.line or 1)}],
    }


def _place(path: str, line: int) -> dict[str, object]:
    name = from_here(path)
    artifact = {"uri": quote(name), "uriBaseId": _BASE} if name[0] != "/" else {"uri": f"file://{quote(name)}"}
    return {"artifactLocation": artifact, "region": {"startLine": line}}
