"""The words people read. They hold names from the program, paths and fixed text, never a property's value."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from policies.enforcer import Decision, Exemption, Known, Standing, Use
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


def because(decision: Decision) -> str:
    """Return, as a line to be added, why a finding refuses nothing; empty where it refuses, or is not yet known."""
    exemption = decision.exemption
    if exemption is not None:
        return f"\n  Exempted: until {exemption.expires}, by {exemption.owner}: {exemption.reason}"
    if decision.known:
        return "\n  Advisory: the baseline lists it"
    if decision.standing is Standing.ADVISORY and refuses(decision.outcome):
        return "\n  Advisory: the environment's file says so"
    return ""


def expired(exemption: Exemption) -> str:
    """Return that an exemption refuses, now that it no longer holds."""
    return (
        f"expired exemption: {_named(exemption)} held until {exemption.expires}; {exemption.owner} mends what it"
        " excused and removes it, or gives it a new day and reason"
    )


def closing(uses: Iterable[Use], obsolete: Iterable[Known]) -> list[str]:
    """Return what is advisory at the end of a run: all exemptions, those without use, obsolete baseline entries."""
    used = list(uses)
    listed = [
        f"\n- {_named(one.exemption)}, until {one.exemption.expires}, by {one.exemption.owner},"
        f" findings: {one.findings}: {one.exemption.reason}"
        for one in used
    ]
    return [
        *(["exemptions of this stack:" + "".join(listed)] if listed else []),
        *(f"unused exemption: {_named(one.exemption)} matches no finding; remove it" for one in used if one.unused),
        *(
            f"obsolete baseline entry: {one.control} finds nothing on {one.urn}; `idp policy baseline` removes it"
            for one in obsolete
        ),
    ]


def _named(exemption: Exemption) -> str:
    return f"{exemption.control} on {exemption.resource.text}"


def refuses(outcome: Outcome) -> bool:
    """Tell whether an outcome ends the update: a violation, or a rule that could not do its work."""
    return isinstance(outcome.finding, Violation | Failure)


def _on(resource: Resource | None, path: str) -> str:
    if resource is None:
        return f" on the stack, {path}" if path else " on the stack"
    full = ".".join(part for part in (resource.path, path) if part)
    return f" on {resource.name}, {full}" if full else f" on {resource.name}"
