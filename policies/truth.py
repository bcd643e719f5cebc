"""Logic with a third answer: None stands for `not yet known`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Truth: TypeAlias = bool | None


def every(answers: Iterable[Truth]) -> Truth:
    """Return False if one is false, else None if one is not known, else True (also for none at all)."""
    found: Truth = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            found = None
    return found


def some(answers: Iterable[Truth]) -> Truth:
    """Return True if one is true, else None if one is not known, else False (also for none at all)."""
    found: Truth = False
    for answer in answers:
        if answer is True:
            return True
        if answer is None:
            found = None
    return found


def opposite(answer: Truth) -> Truth:
    """Return the contrary; what is not known stays so."""
    return None if answer is None else not answer
