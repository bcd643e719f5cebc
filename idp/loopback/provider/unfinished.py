"""What a creation that failed half way has left to do: kept among the outputs until an update has done it.

The engine keeps the program's inputs and calls `Update` without any difference in them, so the inputs can't tell.
"""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.provider.table import Row, Step
from idp.loopback.provider.values import Properties, Value

KEY = "__unfinished"
"""Among the outputs: the names of what is left to do."""

AFTER = "__after"
"""Among those names: the row's steps after a creation; the others are properties."""


def left(row: Row, todo: list[Step]) -> frozenset[str]:
    """Return the names of what `todo`, the last of a creation's steps, would have done."""
    names = {name for step in todo for name in step.on}
    return frozenset(names | ({AFTER} if any(step in row.after for step in todo) else set()))


def of(state: Mapping[str, Value]) -> frozenset[str]:
    """Return the names that a state was marked with."""
    listed = state.get(KEY)
    return frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()


def mark(properties: Mapping[str, Value], names: frozenset[str]) -> Properties:
    """Return outputs that do not have what `names` say is missing, and say so."""
    kept: Properties = without(properties, names)
    return {**kept, KEY: sorted(names)} if names else kept


def without(properties: Mapping[str, Value], names: frozenset[str]) -> Properties:
    """Return `properties` without what was left to do, and without the mark."""
    return {name: value for name, value in properties.items() if name not in names and name != KEY}
