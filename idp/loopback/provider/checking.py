"""Whether a program's inputs are fit to be tried: names, kinds, and the requests they would become."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from idp.loopback.provider.api import InvalidRequestError
from idp.loopback.provider.context import Context
from idp.loopback.provider.offers import creation, update
from idp.loopback.provider.schema import Kind, Schema
from idp.loopback.provider.table import Call, Row
from idp.loopback.provider.values import UNKNOWN, Value


@dataclass(frozen=True)
class Finding:
    """What is wrong with one property."""

    path: str
    reason: str


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a hint at the nearest known name, or nothing."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def check_inputs(row: Row, schema: Schema, inputs: Mapping[str, Value]) -> list[Finding]:
    """Return what is wrong with names, kinds and required properties."""
    findings = []
    for name, value in inputs.items():
        if name not in schema.inputs:
            findings.append(Finding(name, f"unknown property{nearest(name, schema.inputs)}"))
        elif name not in row.properties and not (name == "region" and row.regional):
            findings.append(Finding(name, f"{row.type} has it, but this provider does not support it"))
        else:
            findings.extend(check_kind(name, value, schema.inputs[name]))
    findings.extend(
        Finding(name, "required, but missing")
        for name in sorted(schema.required)
        if inputs.get(name) is None and name in row.properties
    )
    findings.extend(_check_write_only(row, inputs))
    return findings


def check_kind(path: str, value: Value, kind: Kind) -> Iterator[Finding]:
    """Yield each place where `value` is not of the kind the SDK says."""
    if value is UNKNOWN or value is None or kind.name == "any":
        return
    if not _fits(value, kind):
        yield Finding(path, f"{_said(value)} is not {_article(kind.name)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from check_kind(f"{path}[{index}]", item, kind.item or Kind("any"))
    elif isinstance(value, Mapping) and kind.name == "map":
        for key, item in value.items():
            yield from check_kind(f"{path}.{key}", item, kind.item or Kind("any"))
    elif isinstance(value, Mapping):
        yield from _check_object(path, value, kind)


def check_requests(context: Context) -> list[Finding]:
    """Return what the service's model has against the requests a creation and its updates would send."""
    findings: list[Finding] = []
    steps = [(step, creation(context)) for step in context.row.create]
    steps += [(step, update(context, step)) for step in context.row.update]
    for step, offered in steps:
        # A request about single elements of a list can only be judged with an element.
        if not isinstance(step, Call) or step.each or not context.wants(step):
            continue
        try:
            context.request(step, offered)
        except InvalidRequestError as error:
            findings.extend(Finding("", line) for line in error.findings)
    return list(dict.fromkeys(findings))


def _check_write_only(row: Row, inputs: Mapping[str, Value]) -> Iterator[Finding]:
    for name, prop in row.properties.items():
        if not prop.version or inputs.get(name) is None:
            continue
        if inputs.get(prop.version) is None:
            yield Finding(name, f"needs {prop.version}, whose change is what sends it again")
        if inputs.get(prop.member) is not None:
            yield Finding(name, f"conflicts with {prop.member}")


def _check_object(path: str, value: Mapping[str, Value], kind: Kind) -> Iterator[Finding]:
    for name, item in value.items():
        if name in kind.fields:
            yield from check_kind(f"{path}.{name}", item, kind.fields[name])
        else:
            yield Finding(f"{path}.{name}", f"unknown property{nearest(name, kind.fields)}")
    for name in sorted(kind.required - set(value)):
        yield Finding(f"{path}.{name}", "required, but missing")


def _fits(value: Value, kind: Kind) -> bool:
    match kind.name:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "list":
            return isinstance(value, list)
    return isinstance(value, Mapping)


def _said(value: Value) -> str:
    # The value itself may be a secret; its kind never is.
    names = {
        str: "a string",
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
