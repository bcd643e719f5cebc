"""The words people read. They hold names from the program, paths and fixed text, never a property's value."""

from __future__ import annotations

from enum import Enum

from policies.evaluate import Failure, Outcome
from policies.rule import NotYetKnown, Resource, Violation


class Moment(Enum):
    """When a resource is judged; the value is what is said of a value that is not known then."""

    PREVIEW = "is not yet known; checked again on the update"
    UPDATE = "is not yet known; checked again at the end of the update"
    END = "is not known, not even after the update"


def text(outcome: Outcome, moment: Moment = Moment.PREVIEW) -> str:
    """Return one outcome: rule, resource, path, what is allowed, and the remedy on a line of its own."""
    rule, finding = outcome.rule, outcome.finding
    if isinstance(finding, Failure):
        return f"rule {rule.id} could not be evaluated{_on(outcome.resource, '')}: {finding.exception}"
    where = _on(outcome.resource, finding.path)
    if isinstance(finding, NotYetKnown):
        return f"{rule.id}{where} {moment.value}"
    return f"{rule.id} ({rule.severity.value}){where}: {finding.message}\n  Remedy: {rule.remedy}"


def refuses(outcome: Outcome) -> bool:
    """Tell whether an outcome ends the update: a violation, or a rule that could not do its work."""
    return isinstance(outcome.finding, Violation | Failure)


def _on(resource: Resource | None, path: str) -> str:
    if resource is None:
        return f" on the stack, {path}" if path else " on the stack"
    full = ".".join(part for part in (resource.path, path) if part)
    return f" on {resource.name}, {full}" if full else f" on {resource.name}"
