"""Requests made to fit botocore's models: names, kinds, required members, enumerations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from idp.loopback.provider.api import InvalidRequestError
from idp.loopback.provider.checking import nearest
from idp.loopback.provider.decode import find
from idp.loopback.provider.values import UNKNOWN, Properties, Value

_PLACEHOLDERS: dict[str, Value] = {
    "integer": 1,
    "long": 1,
    "float": 1.0,
    "double": 1.0,
    "boolean": True,
    "timestamp": "2000-01-01T00:00:00Z",
    "blob": b"",
    "list": [],
    "map": {},
}
_PAIR = 2
"""Members of a structure that is an entry of a map: a key and a value."""


def member(shape: StructureShape | None, name: str) -> str | None:
    """Return the member that a property of this name is."""
    return find(name, shape.members) if shape is not None else None


def encode(shape: StructureShape | None, members: Mapping[str, Value]) -> Properties:
    """Return a request; unknown values become placeholders that fit.

    Raises InvalidRequestError with all findings.
    """
    findings: list[str] = []
    if shape is None:
        if members:
            raise InvalidRequestError([f"takes no members, got {', '.join(sorted(members))}"])
        return {}
    request = cast("Properties", _encode(members, shape, "", findings))
    if not findings:
        report = ParamValidator().validate(request, shape)
        findings.extend(line for line in report.generate_report().splitlines() if line)
    if findings:
        raise InvalidRequestError(findings)
    return request


def _encode(value: Value, shape: Shape, path: str, findings: list[str]) -> Value:
    if value is UNKNOWN:
        return _placeholder(shape)
    if isinstance(shape, StructureShape):
        return _structure(value, shape, path, findings)
    if isinstance(shape, ListShape):
        return _list(value, shape, path, findings)
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _encode(item, shape.value, f"{path}.{key}", findings) for key, item in value.items()}
    return _scalar(value, shape, path, findings)


def _structure(value: Value, shape: StructureShape, path: str, findings: list[str]) -> Value:
    if isinstance(value, str) and (names := _pair(shape)):
        # An entry of which only the key is meant: a tag to take away.
        return {names[0]: value}
    if isinstance(value, str) and len(shape.members) == 1:
        return {next(iter(shape.members)): value}
    if not isinstance(value, Mapping):
        findings.append(f"{path or shape.name}: expected an object")
        return {}
    result: Properties = {}
    for name, item in value.items():
        found = find(name, shape.members)
        if found is None:
            findings.append(f"{_join(path, name)}: unknown member{nearest(name, shape.members)}")
        elif item is not None:
            result[found] = _encode(item, shape.members[found], _join(path, found), findings)
    return result


def _list(value: Value, shape: ListShape, path: str, findings: list[str]) -> Value:
    if isinstance(value, Mapping) and (names := _pair(shape.member)):
        pairs: list[Value] = [{names[0]: key, names[1]: item} for key, item in value.items()]
        return [_encode(pair, shape.member, f"{path}[{index}]", findings) for index, pair in enumerate(pairs)]
    items = value if isinstance(value, list) else [value]
    return [_encode(item, shape.member, f"{path}[{index}]", findings) for index, item in enumerate(items)]


def _pair(shape: Shape) -> tuple[str, str] | None:
    if not isinstance(shape, StructureShape) or len(shape.members) != _PAIR:
        return None
    key = next((name for name in shape.members if name.lower().endswith("key")), None)
    content = next((name for name in shape.members if name.lower().endswith("value")), None)
    return (key, content) if key and content else None


def _scalar(value: Value, shape: Shape, path: str, findings: list[str]) -> Value:
    if isinstance(shape, StringShape) and shape.enum and isinstance(value, str) and value not in shape.enum:
        findings.append(f"{path}: {value!r} is not one of {', '.join(shape.enum)}")
    if shape.type_name == "boolean" and value in ("true", "false"):
        return value == "true"
    if shape.type_name == "string" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if shape.type_name in ("integer", "long") and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    return value


def _placeholder(shape: Shape) -> Value:
    if isinstance(shape, StringShape):
        lowest = int(shape.metadata.get("min", 1))
        return shape.enum[0] if shape.enum else "x" * max(1, lowest)
    if isinstance(shape, StructureShape):
        return {name: _placeholder(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, ListShape):
        return [_placeholder(shape.member)] * int(shape.metadata.get("min", 0))
    if shape.type_name in ("integer", "long"):
        return max(1, int(shape.metadata.get("min", 1)))
    return _PLACEHOLDERS.get(shape.type_name, "x")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
