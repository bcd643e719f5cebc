"""From what a service answers to what the SDK calls it."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Mapping

from idp.loopback.provider.schema import Kind
from idp.loopback.provider.values import Properties, Value

_PAIRS = (("Key", "Value"), ("key", "value"), ("TagKey", "TagValue"))
"""How services write a map as a list."""


def plain(name: str) -> str:
    """Return the form in which a property's name and a member's are equal (`clientIdLists`, `ClientIDList`)."""
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    return letters.rstrip("s")


def find(name: str, names: Mapping[str, object]) -> str | None:
    """Return that of `names` which means `name`: the same letters, or singular for plural."""
    exact = [other for other in names if other.lower() == name.lower()]
    if exact:
        return exact[0]
    return next((other for other in names if plain(other) == plain(name)), None)


def decode(value: Value, kind: Kind) -> Value:
    """Return `value` as a value of the given kind; members the SDK does not have are left out."""
    if value is None:
        return None
    if kind.name == "object":
        return _object(value, kind)
    if kind.name == "list":
        items = value if isinstance(value, list) else [value]
        return [decode(item, kind.item or Kind("any")) for item in items]
    if kind.name == "map":
        return _map(value, kind.item or Kind("any"))
    return _scalar(value, kind)


def _object(value: Value, kind: Kind) -> Value:
    # The SDK flattens a list of which there can only be one.
    single = value[0] if isinstance(value, list) and value else value
    if not isinstance(single, Mapping):
        return None
    result: Properties = {}
    for name, inner in kind.fields.items():
        member = find(name, single)
        decoded = decode(single[member], inner) if member is not None else None
        if decoded is not None:
            result[name] = decoded
    return result


def _map(value: Value, item: Kind) -> Value:
    if isinstance(value, Mapping):
        return {str(key): decode(inner, item) for key, inner in value.items()}
    pairs = {}
    for element in value if isinstance(value, list) else []:
        for key, content in _PAIRS:
            if isinstance(element, Mapping) and key in element:
                pairs[str(element[key])] = decode(element.get(content, ""), item)
    return pairs


def _scalar(value: Value, kind: Kind) -> Value:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if kind.name == "string":
        return _text(value)
    if kind.name in ("integer", "number") and isinstance(value, str) and value:
        return float(value) if kind.name == "number" else int(value)
    if kind.name == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    return value


def _text(value: Value) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Mapping, list)):
        return json.dumps(value)
    return str(value)
