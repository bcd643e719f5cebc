"""The catalogue as tables and as JSON."""

from __future__ import annotations

import json

from policies.catalogue import Catalogue
from policies.rule import Rule, StackRule

HEADINGS = ("rule", "severity", "title", "scope", "standards", "profile")


def rows(catalogue: Catalogue) -> list[tuple[str, ...]]:
    """Return a row for each rule, under `HEADINGS`."""
    return [
        (
            rule.id,
            rule.severity.value,
            rule.title,
            _scope(rule),
            ", ".join(rule.standards) or "none",
            rule.profile.value if rule.profile else "none",
        )
        for rule in catalogue.rules
    ]


def markdown(catalogue: Catalogue) -> str:
    """Return the rows as a table of Markdown."""
    lines = [" | ".join(HEADINGS), "|".join("---" for _ in HEADINGS), *(" | ".join(row) for row in rows(catalogue))]
    return "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines)


def as_json(catalogue: Catalogue) -> str:
    """Return a JSON list with all that the rules say about themselves."""
    return json.dumps([_described(rule) for rule in catalogue.rules], indent=2)


def _described(rule: Rule | StackRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "severity": rule.severity.value,
        "title": rule.title,
        "scope": _scope(rule),
        "stack": isinstance(rule, StackRule),
        "standards": list(rule.standards),
        "profile": rule.profile.value if rule.profile else None,
        "why": rule.why,
        "remedy": rule.remedy,
    }


def _scope(rule: Rule | StackRule) -> str:
    return f"the stack's {rule.types.describe()}" if isinstance(rule, StackRule) else rule.types.describe()
