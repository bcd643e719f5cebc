"""What is done about a finding: the pack asks, and whoever serves it decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple, TypeAlias

from policies.evaluate import Outcome
from policies.settings import NOTHING, Settings


class Level(Enum):
    """What a violation does."""

    MANDATORY = "mandatory"
    """Refuses the resource, and ends the command with an exit code that is not 0."""
    ADVISORY = "advisory"
    """Is told and refuses nothing."""


class Verdict(NamedTuple):
    """What a finding does."""

    level: Level
    because: str = ""
    """What is added to the message, such as the exemption that excuses the finding."""


Decide: TypeAlias = Callable[[Outcome, bool], Verdict | None]
"""What an outcome does, None where nothing is said of it.

Asked for every outcome, whatever it found: a value that is not known yet is told as advisory by itself. The second
argument tells whether what is not known now will not be looked at again.
"""


def mandatory(_outcome: Outcome, _final: bool) -> Verdict:
    """Refuse whatever any rule finds."""
    return Verdict(Level.MANDATORY)


class Remark(NamedTuple):
    """Something about the stack as a whole that is no rule's finding, such as an exemption that matches nothing."""

    text: str
    level: Level = Level.ADVISORY


def silent() -> Iterable[Remark]:
    """Have nothing to remark."""
    return ()


class Enforcement(NamedTuple):
    """How the rules are enforced in one stack. The default refuses everything."""

    decide: Decide = mandatory
    strict: bool = False
    """Whether a mandatory rule that still does not know its value after the update fails the update."""
    closing: Callable[[], Iterable[Remark]] = silent
    """Asked once all resources were judged, at the end of a preview or update that came so far."""
    opening: Callable[[], Iterable[Remark]] = silent
    """Asked with the first resource, which is the stack itself: what refuses that lets nothing be made."""
    settings: Settings = NOTHING
    """What the environment adds to the rules."""


class Stack(NamedTuple):
    """What the engine works on."""

    name: str
    """`dev.platform`, without organisation and project."""
    project: str
    preview: bool
    """Whether values may be unknown because nothing is made yet."""


Enforce: TypeAlias = Callable[[Stack], Enforcement]
"""Asked once, before the first resource. What it raises ends the command: its text must be fit to be printed."""


def everything(_stack: Stack) -> Enforcement:
    """Enforce every rule in every stack."""
    return Enforcement()
