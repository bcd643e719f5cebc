"""Plain data: what a rule sees of a resource's properties."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias


class Unknown(Enum):
    """The type of `UNKNOWN`; an enum so that type checkers narrow `value is UNKNOWN`."""

    UNKNOWN = "a value that is not known before the update"


UNKNOWN: Final = Unknown.UNKNOWN
"""Stands for a value that a preview cannot know, for example the name of something that does not exist yet."""

Plain: TypeAlias = "bool | int | float | str | Unknown | list[Plain] | dict[str, Plain] | None"


def at(value: Plain, *keys: str) -> Plain:
    """Follow `keys` into nested mappings.

    Returns `UNKNOWN` as soon as a value on the way is unknown, None where a key is absent or there is no mapping.
    """
    for key in keys:
        if value is UNKNOWN:
            return UNKNOWN
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def join(path: str, *steps: str | int) -> str:
    """Return the path of a nested value as people write it: `spec.containers[0].image`, `metadata.labels["a/b"]`."""
    for step in steps:
        if isinstance(step, int):
            path = f"{path}[{step}]"
        elif step.isidentifier():
            path = f"{path}.{step}" if path else step
        else:
            path = f'{path}["{step}"]'
    return path
