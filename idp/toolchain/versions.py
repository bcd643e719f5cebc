"""Versions and the rules that say which ones fit."""

from __future__ import annotations

import re

ANY = re.compile(r"(\d+(?:\.\d+)+)")
"""The first dotted number in what a binary says of itself."""

_CLAUSE = re.compile(r"(>=|<|==)(\d+(?:\.\d+)*)(\.\*)?")


def parse(version: str) -> tuple[int, ...]:
    """Return the numbers of `1.6.20~ds1` as `(1, 6, 20)`: what follows the dotted number is left out.

    Raises `ValueError` when it does not begin with a number, after an optional `v`.
    """
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    if match is None:
        raise ValueError(f"version {version!r}: must begin with a number")
    return tuple(int(part) for part in match[1].split("."))


def fits(version: str, rule: str) -> bool:
    """Tell whether `version` satisfies every clause of `rule`.

    A rule is clauses joined by commas: `>=1.6`, `<2`, `==4.25.0`, `==1.33.*`; the empty rule lets everything through.
    A pre-release counts as its release. Raises `ValueError` on a rule or version that is neither.
    """
    numbers = parse(version)
    return all(_clause(numbers, clause) for clause in rule.split(",") if clause)


def _clause(numbers: tuple[int, ...], clause: str) -> bool:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        raise ValueError(f"rule {clause!r}: must be >=N, <N, ==N or ==N.*")
    operator, bound = match[1], parse(match[2])
    if match[3]:
        if operator != "==":
            raise ValueError(f"rule {clause!r}: only == takes .*")
        return _padded(numbers, len(bound))[: len(bound)] == bound
    size = max(len(numbers), len(bound))
    have, want = _padded(numbers, size), _padded(bound, size)
    return {">=": have >= want, "<": have < want, "==": have == want}[operator]


def _padded(numbers: tuple[int, ...], size: int) -> tuple[int, ...]:
    return numbers + (0,) * (size - len(numbers))
