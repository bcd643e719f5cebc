"""What the rules say about what was found, and nothing of its content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from idp.check.found import LONGEST_PATH, Found, words
from policies.catalogue import Catalogue
from policies.evaluate import Failure, Outcome, evaluate_resource, evaluate_stack
from policies.rule import NotYetKnown, Profile, Resource, Severity
from policies.settings import NOTHING, Settings

MOST_OF_A_CONTROL = 20
"""Findings of one control on one resource that are kept: a pod with a million containers fails for one reason."""

MOST_FINDINGS = 100_000
"""Findings kept in all; beyond, each resource keeps its first one."""


class Verdict(StrEnum):
    """What a resource gets."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """One finding."""

    control: str
    severity: Severity
    message: str
    """Fixed words of the rule."""
    remedy: str
    path: str
    """Where in the resource; empty for all of it."""
    line: int
    exempted: str = ""
    """Why it does not count, where somebody has written that down."""


@dataclass(slots=True)
class Judged:
    """One resource with all that was said about it."""

    path: str
    """Of the file."""
    line: int
    kind: str
    name: str
    namespace: str
    identity: str
    """The URN, or what names a manifest's object wherever its file lies."""
    urn: str
    """Empty where the file knows none."""
    violations: list[Said] = field(default_factory=list)
    unknown: list[Said] = field(default_factory=list)
    exempted: list[Said] = field(default_factory=list)
    left_out: int = 0
    """Further findings that were not kept."""

    @property
    def verdict(self) -> Verdict:
        """Return `fail` for any violation, else `unknown` where a rule could not tell."""
        if self.violations:
            return Verdict.FAIL
        return Verdict.UNKNOWN if self.unknown else Verdict.PASS


Exempted: TypeAlias = Callable[[Judged, Said], str | None]
"""Given a resource and a violation: why it does not count, or None."""


def nothing_exempted(_resource: Judged, _finding: Said) -> str | None:
    """Exempt nothing."""
    return None


def selected(catalogue: Catalogue, profile: Profile | None) -> Catalogue:
    """Return the rules of a level of the Pod Security Standards with those of the levels before it; None is all."""
    if profile is None:
        return catalogue
    levels = list(Profile)
    wanted = levels[: levels.index(profile) + 1]
    return Catalogue(tuple(rule for rule in catalogue.rules if rule.profile in wanted))


class Judge:
    """Judges resources as they come, and what a stack holds together at its end."""

    def __init__(
        self, catalogue: Catalogue, exempted: Exempted = nothing_exempted, settings: Settings = NOTHING
    ) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._exempted = exempted
        self._kept = 0

    def judge(self, found: Found, path: str) -> Judged:
        """Return what the resource rules say."""
        judged = Judged(
            path,
            found.line,
            found.kind,
            found.resource.name,
            found.namespace,
            found.identity,
            found.identity if found.identity == found.resource.urn else "",
        )
        if found.own:
            self._keep(judged, found, evaluate_resource(self._catalogue, self._placed(found.resource)))
        return judged

    def _placed(self, resource: Resource) -> Resource:
        """Return the resource with the settings of its environment, where that is known."""
        return resource if self._settings is NOTHING else replace(resource, settings=self._settings)

    def wants(self, found: Found) -> bool:
        """Tell whether a stack rule looks at the resource."""
        return self._catalogue.wanted_by_stack_rules(found.stacked.type)

    def judge_stack(self, members: Sequence[tuple[Found, Judged]], path: str) -> Iterator[Judged]:
        """Add what the stack rules say to the resources at fault; yield the stack itself where it is."""
        by_urn = {found.resource.urn: (found, judged) for found, judged in members}
        whole: list[Outcome] = []
        for outcome in evaluate_stack(self._catalogue, [self._placed(found.stacked) for found, _ in members]):
            member = by_urn.get(outcome.resource.urn) if outcome.resource is not None else None
            if member is None:
                whole.append(outcome)
            else:
                self._keep(member[1], member[0], [outcome])
        if whole:
            stack = Judged(path, 1, "Stack", "", "", f"stack of {path}", "")
            self._keep(stack, None, whole)
            yield stack

    def _keep(self, judged: Judged, found: Found | None, outcomes: Iterable[Outcome]) -> None:
        counts: dict[tuple[str, bool], int] = {}
        for outcome in outcomes:
            unknown = isinstance(outcome.finding, NotYetKnown)
            key = (outcome.rule.id, unknown)
            counts[key] = counts.get(key, 0) + 1
            full = counts[key] > MOST_OF_A_CONTROL or self._kept >= MOST_FINDINGS
            # What decides the verdict is kept however many there are.
            if full and (judged.unknown if unknown else judged.violations):
                judged.left_out += 1
            else:
                self._add(judged, _said(outcome, found), unknown=unknown, full=full)

    def _add(self, judged: Judged, said: Said, *, unknown: bool, full: bool) -> None:
        reason = None if unknown else self._exempted(judged, said)
        if reason is not None and full:
            judged.left_out += 1
            return
        self._kept += 1
        if unknown:
            # Several demands of a rule may wait for one value.
            if said not in judged.unknown:
                judged.unknown.append(said)
        elif reason is not None:
            judged.exempted.append(replace(said, exempted=reason))
        else:
            judged.violations.append(said)


def _said(outcome: Outcome, found: Found | None) -> Said:
    rule, finding = outcome.rule, outcome.finding
    path = outcome.resource.path if outcome.resource is not None else ""
    if isinstance(finding, Failure):
        message = f"the rule could not be evaluated: {finding.exception}"
    else:
        message = "is not yet known" if isinstance(finding, NotYetKnown) else finding.message
        path = ".".join(part for part in (path, finding.path) if part)
    line = found.line_of(path) if found is not None else 1
    return Said(rule.id, rule.severity, message, rule.remedy, words(path, LONGEST_PATH), line)
