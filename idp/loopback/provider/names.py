"""Names for resources whose program gives none, and what a URN says."""

from __future__ import annotations

import hashlib

SUFFIX = 7
"""Hexadecimal digits after the name, as the official providers have it."""


def type_of(urn: str) -> str:
    """Return the resource type of a URN, without its parents' types."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """Return the resource's name in the program."""
    return urn.split("::", 3)[-1]


def automatic(name: str, seed: bytes, proposed: str = "") -> str:
    """Return a physical name: what the engine proposes, else `name` and digits that `seed` decides."""
    return proposed or f"{name}-{hashlib.sha256(seed + name.encode()).hexdigest()[:SUFFIX]}"
