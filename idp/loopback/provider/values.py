"""Property values as the engine sends them, and as plain Python."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from google.protobuf import json_format, struct_pb2

Value = object
Properties = dict[str, Value]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a type tag of the protocol, not a secret)
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Tags of Pulumi's wire format, as `pulumi.runtime.rpc` has them."""


_LONG = 16
"""Characters of a word inside a secret that is a secret by itself; shorter ones are the words of a sentence."""


class Unknown:
    """A value the preview can't know yet; there is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Unpacked:
    """Properties with secrets opened, and where secrets were."""

    properties: Properties
    secret: frozenset[str]
    """Names of top-level properties that are or contain a secret."""
    plaintexts: frozenset[str]
    """Each string inside a secret, so that messages can be cleaned of them."""


class UnsupportedValueError(Exception):
    """An asset, archive or resource reference, which no table here takes."""


def unpack(struct: struct_pb2.Struct) -> Unpacked:
    """Return the properties of a message; nulls are left out, whole numbers are `int`.

    Raises UnsupportedValueError for assets, archives and resource references.
    """
    properties: Properties = {}
    secret = set()
    plaintexts: set[str] = set()
    for name, raw in json_format.MessageToDict(struct).items():
        inside: list[Value] = []
        value = _open(raw, inside)
        if value is None:
            continue
        properties[name] = value
        if inside:
            secret.add(name)
            plaintexts.update(text for item in inside for text in strings(item))
    return Unpacked(properties, frozenset(secret), frozenset(plaintexts))


def pack(properties: Mapping[str, Value], secret: frozenset[str] = frozenset()) -> struct_pb2.Struct:
    """Return the message of `properties`, those named in `secret` marked as secrets."""
    content = {
        name: {_SIGNATURE: _SECRET, "value": _close(value)} if name in secret else _close(value)
        for name, value in properties.items()
        if value is not None
    }
    struct = struct_pb2.Struct()
    json_format.ParseDict(content, struct)
    return struct


def contains_unknown(value: Value) -> bool:
    """Return whether `value` is, or holds, a value that is not known yet."""
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return value is UNKNOWN


def strings(value: Value) -> Iterator[str]:
    """Yield each string inside `value`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def spellings(secret: str) -> Iterator[str]:
    """Yield a secret and the forms in which a message may repeat it: as a JSON string, its lines, what is in its JSON.

    Whoever quotes a PEM key or a JSON document rarely quotes it whole.
    """
    yield secret
    yield json.dumps(secret)[1:-1]
    if len(lines := secret.split()) > 1:
        yield from (line for line in lines if len(line) >= _LONG)
    if secret.lstrip()[:1] in ("{", "["):
        try:
            yield from strings(json.loads(secret))
        except ValueError:
            return


def _open(raw: Value, secrets: list[Value]) -> Value:
    if isinstance(raw, dict):
        return _open_tagged(raw, secrets) if _SIGNATURE in raw else _open_map(raw, secrets)
    if isinstance(raw, list):
        return [_open(item, secrets) for item in raw]
    if isinstance(raw, float) and math.isfinite(raw) and raw.is_integer():
        return int(raw)
    return UNKNOWN if raw == _UNKNOWN else raw


def _open_map(raw: dict[str, Value], secrets: list[Value]) -> Properties:
    opened = {key: _open(item, secrets) for key, item in raw.items()}
    return {key: item for key, item in opened.items() if item is not None}


def _open_tagged(raw: dict[str, Value], secrets: list[Value]) -> Value:
    if raw[_SIGNATURE] == _SECRET:
        inner = _open(raw.get("value"), [])
        secrets.append(inner)
        return inner
    if raw[_SIGNATURE] == _OUTPUT:
        inner = _open(raw["value"], secrets) if "value" in raw else UNKNOWN
        if raw.get("secret"):
            secrets.append(inner)
        return inner
    raise UnsupportedValueError("assets, archives and resource references are not supported")


def _close(value: Value) -> Value:
    if isinstance(value, Mapping):
        return {key: _close(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_close(item) for item in value]
    return _UNKNOWN if value is UNKNOWN else value
