"""A report as text for people, and as rows for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from idp.check.judge import Judged, Said, Verdict
from idp.check.run import Report


def text(report: Report) -> str:
    """Return the findings, a paragraph each, and a line that counts the verdicts."""
    lines = [line for one in report.judged for line in _paragraphs(one)]
    counts = Counter(one.verdict for one in report.judged)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    return "\n".join([*lines, f"{_counted(len(report.judged))}{': ' if told else ''}{told}"])


def rows(report: Report) -> str:
    """Return a JSON list with a row for each resource."""
    return json.dumps([_row(one) for one in report.judged], indent=2)


def _counted(number: int) -> str:
    return f"{number} resource{'' if number == 1 else 's'}"


def _paragraphs(judged: Judged) -> Iterator[str]:
    for said in judged.violations:
        yield f"{_where(judged, said)}: {said.control} ({said.severity.value}){_on(judged, said)}: {said.message}"
        yield f"  Remedy: {said.remedy}"
    for said in judged.unknown:
        yield f"{_where(judged, said)}: {said.control}{_on(judged, said)} {said.message}"
    for said in judged.exempted:
        yield f"{_where(judged, said)}: {said.control}{_on(judged, said)}: exempted: {said.exempted}"
    if judged.left_out:
        yield f"{judged.path}:{judged.line}: {judged.left_out} more on {_named(judged)}: correct these first"


def _where(judged: Judged, said: Said) -> str:
    return f"{judged.path}:{said.line}"


def _on(judged: Judged, said: Said) -> str:
    return f" on {_named(judged)}{', ' if said.path else ''}{said.path}"


def _named(judged: Judged) -> str:
    name = "/".join(part for part in (judged.namespace, judged.name) if part)
    return f"{judged.kind} {name}".strip()


def _row(judged: Judged) -> dict[str, object]:
    return {
        "path": judged.path,
        "kind": judged.kind,
        "name": judged.name,
        "verdict": judged.verdict.value,
        "violations": [_finding(said) for said in judged.violations],
        "line": judged.line,
        "namespace": judged.namespace,
        "urn": judged.urn,
        "unknown": [{"control": said.control, "at": said.path, "line": said.line} for said in judged.unknown],
        "exempted": [{**_finding(said), "reason": said.exempted} for said in judged.exempted],
        "left_out": judged.left_out,
    }


def _finding(said: Said) -> dict[str, object]:
    return {
        "control": said.control,
        "severity": said.severity.value,
        "message": said.message,
        "remedy": said.remedy,
        "at": said.path,
        "line": said.line,
    }
