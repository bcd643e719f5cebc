"""What makes a finding the same one in two reports: the resource and the control, not the file or the line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from idp.check.judge import Judged


def identified(judged: Iterable[Judged]) -> Iterator[tuple[Judged, str]]:
    """Yield each resource with what it is known by.

    Where files hold one object several times, as overlays do, all but the first are told apart by their number.
    """
    seen: dict[str, int] = {}
    for one in judged:
        number = seen[one.identity] = seen.get(one.identity, 0) + 1
        yield one, one.identity if number == 1 else f"{one.identity}#{number}"
