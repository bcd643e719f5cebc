"""What becomes of a finding in an environment: it refuses, is only reported, or is excused by an exemption.

Pure: the environment's part, the day and the outcomes come in as data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from policies.enforcement import Level
from policies.evaluate import Failure, Outcome
from policies.fingerprint import fingerprint
from policies.pattern import Pattern
from policies.rule import NotYetKnown, Violation
from policies.settings import NOTHING, Settings
from policies.urn import parsed


@dataclass(frozen=True)
class Exemption:
    """Lets findings of one control on some resources of one layer through, for a time."""

    control: str
    resource: Pattern
    owner: str
    reason: str
    expires: date
    """The last day on which it holds, in UTC."""

    def expired(self, today: date) -> bool:
        """Tell whether it no longer holds."""
        return today > self.expires


@dataclass(frozen=True)
class Known:
    """A finding that a baseline lists."""

    control: str
    urn: str
    findings: int
    """How many the control had on the resource; one more is new."""


@dataclass(frozen=True)
class Policies:
    """The part `policies` of an environment; as it stands here, of one that has none."""

    level: Level = Level.MANDATORY
    controls: Mapping[str, Level] = field(default_factory=dict)
    """Controls that are enforced otherwise."""
    strict: bool = False
    exemptions: tuple[Exemption, ...] = ()
    baseline: tuple[Known, ...] = ()
    baseline_file: str = ""
    settings: Settings = NOTHING
    """What else of the environment rules need."""

    def enforced(self, control: str) -> Level:
        """Return how a control is enforced."""
        return self.controls.get(control, self.level)


class Standing(Enum):
    """What becomes of a finding."""

    REFUSED = "refused"
    ADVISORY = "advisory"
    EXEMPTED = "exempted"


@dataclass(frozen=True)
class Decision:
    """An outcome, and what becomes of it."""

    outcome: Outcome
    standing: Standing
    exemption: Exemption | None = None
    known: bool = False
    """Whether the baseline lists it."""


@dataclass(frozen=True)
class Use:
    """An exemption after a run."""

    exemption: Exemption
    findings: int
    """How many it excused."""
    unused: bool
    """Whether nothing that it names was found, and nothing is left to be known."""


class Enforcer:
    """Decides on outcomes of one stack in one run, and keeps count of what was excused.

    An outcome may come again, as the engine asks again about what it replaces: it counts once. May be used from several
    threads, one for each resource.
    """

    def __init__(self, policies: Policies, stack: str, today: date) -> None:
        """Take the environment's part, the stack's URN, and the day in UTC."""
        urn = parsed(stack)
        layer = urn.layer if urn else ""
        self._policies = policies
        self._stack = stack
        self._exemptions = tuple(one for one in policies.exemptions if one.resource.layer == layer)
        self._today = today
        self._baseline = {
            fingerprint(known.urn, known.control): known
            for known in policies.baseline
            if (found := parsed(known.urn)) and urn and found.stack == urn.stack
        }
        self._excused: set[tuple[Exemption, str, str]] = set()
        self._touched: set[Exemption] = set()
        self._seen: dict[str, set[str]] = {}
        """Places of violations that the baseline covers, by fingerprint of everything that was decided on."""

    def decide(self, outcome: Outcome, *, final: bool) -> Decision:
        """Return what becomes of an outcome; `final` tells that what is not known now will not be looked at again."""
        control, finding = outcome.rule.id, outcome.finding
        urn = (outcome.resource.urn if outcome.resource else "") or self._stack
        key = fingerprint(urn, control)
        covered = self._seen.setdefault(key, set())
        exemption = self._exemption(outcome, urn)
        advisory = self._policies.enforced(control) is Level.ADVISORY
        if isinstance(finding, NotYetKnown) and (advisory or not (final and self._policies.strict)):
            return Decision(outcome, Standing.ADVISORY)
        if exemption is not None:
            self._excused.add((exemption, urn, _place(outcome)))
            return Decision(outcome, Standing.EXEMPTED, exemption)
        if isinstance(finding, Violation) and self._is_known(key, _place(outcome), covered):
            return Decision(outcome, Standing.ADVISORY, known=True)
        return Decision(outcome, Standing.ADVISORY if advisory else Standing.REFUSED)

    def expired(self) -> tuple[Exemption, ...]:
        """Return the exemptions of this stack that no longer hold."""
        return tuple(one for one in self._exemptions if one.expired(self._today))

    def uses(self) -> tuple[Use, ...]:
        """Return every exemption of this stack with what it excused so far, in the file's order."""
        counted = Counter(exemption for exemption, _, _ in self._excused)
        return tuple(
            Use(one, counted[one], unused=one not in self._touched and not one.expired(self._today))
            for one in self._exemptions
        )

    def obsolete(self) -> tuple[Known, ...]:
        """Return what the baseline lists of this stack and nothing finds any more."""
        return tuple(known for key, known in self._baseline.items() if key not in self._seen)

    def _exemption(self, outcome: Outcome, urn: str) -> Exemption | None:
        """Return what excuses an outcome, and remember everything that names it."""
        found = [
            one
            for one in self._exemptions
            if one.control == outcome.rule.id and one.resource.matches(urn, outcome.resource)
        ]
        self._touched.update(found)
        return next((one for one in found if not one.expired(self._today)), None)

    def _is_known(self, key: str, place: str, covered: set[str]) -> bool:
        """Tell whether the baseline covers a violation: as many of them as it lists, wherever they are by now."""
        known = self._baseline.get(key)
        if known is None or (place not in covered and len(covered) >= known.findings):
            return False
        covered.add(place)
        return True


def _place(outcome: Outcome) -> str:
    """Return where in its resource a finding is, and which, so that a finding that is told twice counts once."""
    within, finding = outcome.resource.path if outcome.resource else "", outcome.finding
    if isinstance(finding, Failure):
        return within
    return f"{within}.{finding.path} {finding.message if isinstance(finding, Violation) else ''}"
