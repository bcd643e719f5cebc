"""From pydantic's errors to findings with place, value, what is allowed and the line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from environments.constraints import RULE
from environments.errors import Finding
from environments.json_schema import at
from environments.yamltree import Node, Unclear

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Place = Sequence[str | int]

LONGEST_VALUE = 60
"""Characters of a value that a message shows."""

_CREDENTIALS = re.compile(r"[^/\s:@]+:[^\s@]+@(?!sha256:)")
"""`user:password@` as in a URL; a digest behind a tag looks like it and is none."""

_QUERY_SECRET = re.compile(r"((?:key|token|secret|password)[^=&\s]*=)[^&\s]+", re.IGNORECASE)


def explained(error: ErrorDetails, root: Node, file: str) -> Finding:
    """Return the finding that says what one of pydantic's errors means for the file."""
    kind, context, place = error["type"], error.get("ctx", {}), error["loc"]
    line = nearest(root, place)[0].line
    if kind == "missing":
        return Finding(f"is missing: {at(place).get('description', 'it is required')}", file, line, path(place))
    if kind == "extra_forbidden":
        return Finding(_unknown_key(place), file, line, path(place))
    return refused(root, file, place, _allowed(kind, context, place, error["msg"]), context.get("wanted"))


def refused(root: Node, file: str, place: Place, allowed: str, wanted: str | None = None) -> Finding:
    """Return the finding for a value that is not allowed; `wanted` is the Python type it should have."""
    node, found = nearest(root, place)
    value, hint = (shown(node), _quoting(node, wanted)) if found else ("null", "")
    return Finding(f"{value} is not allowed: {allowed}{hint}", file, node.line, path(place))


def nearest(root: Node, place: Place) -> tuple[Node, bool]:
    """Return the node at a place, or the closest one above it, and whether it is the one at the place."""
    node = root
    for step in place:
        below: Node | None = None
        if isinstance(step, int) and node.entries is not None and step < len(node.entries):
            below = node.entries[step]
        elif isinstance(step, str) and node.keys is not None:
            below = node.keys.get(step)
        if below is None:
            return node, False
        node = below
    return node, True


def path(place: Place) -> str:
    """Return a place as people write it: `workspaces[0].quota.cpu`; odd keys stand in quotes."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch("[A-Za-z0-9_-]{1,60}", step):
            text += f".{step}" if text else step
        else:
            text += f"[{shortened(repr(step))}]"
    return text


def shown(node: Node) -> str:
    """Return a value as a message shows it: on one line, short, without credentials."""
    if node.keys is not None:
        return "a mapping"
    if node.entries is not None:
        return "a list" if node.entries else "an empty list"
    if node.text is None or node.value is None:
        return "null"
    clean = _QUERY_SECRET.sub(r"\1***", _CREDENTIALS.sub("***@", node.text))
    return shortened(repr(clean) if isinstance(node.value, str) else clean)


def shortened(text: str) -> str:
    """Return a text with its end cut off where it is too long."""
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def _allowed(kind: str, context: dict[str, object], place: Place, otherwise: str) -> str:
    if kind == RULE:
        return str(context["allowed"])
    if kind == "literal_error":
        return str(context["expected"])
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"a mapping with the keys {', '.join(at(place).get('properties', {}))}"
    if kind == "tuple_type":
        return "a list"
    return otherwise


def _unknown_key(place: Place) -> str:
    known = list(at(place[:-1]).get("properties", {}))
    close = get_close_matches(str(place[-1]), known, 1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"is not a key here: {hint}Known are {', '.join(known)}"


def _quoting(node: Node, wanted: str | None) -> str:
    if wanted == "str" and isinstance(node.value, Unclear | int):
        return f"; quote it: {shortened(repr(node.text))} (unquoted, it is not text to YAML)"
    if wanted == "int" and isinstance(node.value, str) and re.fullmatch("[0-9]+", node.value):
        return "; write it without quotes"
    return ""
