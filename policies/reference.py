"""The table of rules in docs/policies.md. `python -m policies.reference` brings it up to date."""

from __future__ import annotations

from pathlib import Path

from policies.catalogue import Catalogue, load
from policies.rule import StackRule

PAGE = Path(__file__).resolve().parent.parent / "docs" / "policies.md"
BEGIN = "<!-- rules: written by `python -m policies.reference` -->"
END = "<!-- end of rules -->"


def table(catalogue: Catalogue) -> str:
    """Return the rules as a Markdown table, one row each."""
    rows = ["| rule | severity | what it demands | looks at | why | standards |", "|---|---|---|---|---|---|"]
    for rule in catalogue.rules:
        scope = f"the stack's {rule.types.describe()}" if isinstance(rule, StackRule) else rule.types.describe()
        standards = ", ".join(rule.standards) or "none"
        rows.append(f"| `{rule.id}` | {rule.severity.value} | {rule.title} | {scope} | {rule.why} | {standards} |")
    return "\n".join(rows)


def renewed(page: str, catalogue: Catalogue) -> str:
    """Return the page with the table between its two marks replaced.

    Raises ValueError when a mark is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name}: a mark is missing; allowed: {BEGIN!r} followed by {END!r}")
    return f"{before}{BEGIN}\n{table(catalogue)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), load()), encoding="utf-8")
