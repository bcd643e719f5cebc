"""What the rules in JSON Schema are put together from."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def inside(**keys: Schema) -> Schema:
    """Return the schema of what has these schemas under these keys, where it has the keys."""
    return {"properties": keys}


def with_keys(**keys: Schema) -> Schema:
    """Return the same, where it must have the keys."""
    return {"required": list(keys), **inside(**keys)}


def named(name: str) -> Schema:
    """Return the schema of what has this name."""
    return inside(name={"const": name})
