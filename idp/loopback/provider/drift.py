"""From what a service says of a resource back to the inputs that would have made it."""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.provider import compare
from idp.loopback.provider.decode import decode
from idp.loopback.provider.schema import Kind, Schema
from idp.loopback.provider.table import Prop, Row
from idp.loopback.provider.values import Properties, Value


def inputs_of(row: Row, schema: Schema, outputs: Mapping[str, Value], prior: Mapping[str, Value] | None) -> Properties:
    """Return the inputs of a resource that was read.

    An input of `prior` stays as the program wrote it while it means the same; one that drifted is what the service
    says. Without any `prior` (an import) everything that is not a default is an input.
    """
    inputs = {name: value for name, value in (prior or {}).items() if name not in row.properties}
    for name, prop in row.properties.items():
        if name not in schema.inputs:
            continue
        value = _input(name, prop, schema.inputs[name], outputs.get(name), prior)
        if value is not None:
            inputs[name] = value
    return inputs


def _input(name: str, prop: Prop, kind: Kind, output: Value, prior: Mapping[str, Value] | None) -> Value:
    before = (prior or {}).get(name)
    if (prop.local and not prop.shared) or prop.out is None or prop.version:
        return before
    actual = decode(output, kind)
    properties = {name: prop}
    told = compare.effective(properties, {name: actual}).get(name)
    wanted = compare.effective(properties, {} if before is None else {name: before}).get(name)
    if before is None and prior is not None and prop.kept:
        return None
    if compare.same(prop, told, wanted):
        return before
    return _marked_absent(kind) if actual is None and before is not None else actual


def _marked_absent(kind: Kind) -> Value:
    """Return what says that an input which the program gave is not there any more."""
    return {"list": [], "map": {}, "object": {}, "string": ""}.get(kind.name)
