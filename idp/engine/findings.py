"""What messages of the policy pack hold, told by its fixed words (policies/report.py); a test compares the two."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_FINDING = re.compile(r"^(?P<control>[a-z][a-z0-9_]*) \((?:low|medium|high|critical)\) on ", re.M)
_OTHER = re.compile(
    r"^(?:[a-z][a-z0-9_]* on .* is not (?:yet )?known|rule [a-z][a-z0-9_]* could not be evaluated"
    r"|(?:unused exemption|obsolete baseline entry): )",
    re.M,
)
_EXEMPTED = re.compile(r"^  Exempted: until ", re.M)
_LISTING = re.compile(
    r"^exemptions of this stack:(?:\n- [a-z0-9_]+ on .+, until [0-9-]+, by [a-z0-9-]+, findings: [0-9]+: .*)*\n?", re.M
)
_LISTED = re.compile(
    r"^- (?P<control>[a-z0-9_]+) on (?P<resource>.+), until [0-9-]+, by [a-z0-9-]+, findings: (?P<findings>[0-9]+): ",
    re.M,
)


@dataclass(frozen=True)
class Counts:
    """How many findings a message tells, by what becomes of them."""

    refused: int = 0
    advisory: int = 0
    exempted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.refused + other.refused, self.advisory + other.advisory, self.exempted + other.exempted)


def counts(message: str, *, mandatory: bool) -> Counts:
    """Return what a message tells; whatever another pack says is one finding."""
    if mandatory:
        return Counts(refused=1)
    told = len(_FINDING.findall(message)) + len(_OTHER.findall(message))
    if not told and not _LISTING.search(message):
        told = 1
    exempted = len(_EXEMPTED.findall(message))
    return Counts(advisory=told - exempted, exempted=exempted)


def excused(message: str) -> Iterator[tuple[str, str, int]]:
    """Yield each exemption that the pack lists at the end of a run: control, resource, findings that it excused."""
    for listing in _LISTING.finditer(message):
        for found in _LISTED.finditer(listing[0]):
            yield found["control"], found["resource"], int(found["findings"])


def without_listing(message: str) -> str:
    """Return a message without the list of exemptions."""
    return _LISTING.sub("", message).rstrip()


def controls(message: str) -> Counter[str]:
    """Return how many findings of which control a message holds that no exemption excuses."""
    # What belongs to a finding is indented.
    blocks = re.split(r"^(?=\S)", message, flags=re.M)
    return Counter(
        found["control"] for block in blocks if (found := _FINDING.match(block)) and not _EXEMPTED.search(block)
    )
