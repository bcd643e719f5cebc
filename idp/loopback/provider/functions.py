"""A call of a function: its arguments judged, its one read made, its result in the SDK's shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from idp.loopback.provider.api import Api
from idp.loopback.provider.checking import Finding, check_kind, nearest
from idp.loopback.provider.context import Context
from idp.loopback.provider.failures import Refusal
from idp.loopback.provider.lifecycle import Lifecycle
from idp.loopback.provider.schema import Schema
from idp.loopback.provider.table import Function
from idp.loopback.provider.values import Properties, Value, contains_unknown

_NOTHING: Mapping[str, Value] = {"list": [], "map": {}}
"""What the official plugin answers where there is nothing, by kind."""


def call(function: Function, described: Schema, api: Api, arguments: Properties) -> Properties:
    """Return the result. Raises Refusal for arguments that are refused or a thing that is not there; ApiError."""
    findings = list(check(function, described, arguments))
    if findings:
        raise Refusal("; ".join(f"{item.path}: {item.reason}" for item in findings))
    region = str(arguments.get("region") or api.region)
    members = {name: value for name, value in arguments.items() if name in function.arguments}
    # An argument `id` is what `$id` is in a row of a resource.
    context = Context(api, function.row(), members.get("id"), region, members)
    found = context.run(function.call, members)
    if not isinstance(found, dict):
        raise Refusal(f"{function.call.operation}: not found")
    empty = {
        name: _NOTHING[kind.name]
        for name, kind in described.outputs.items()
        if kind.name in _NOTHING and name not in function.absent
    }
    return {**empty, **Lifecycle(described).outputs(context, found)}


def check(function: Function, described: Schema, arguments: Mapping[str, Value]) -> Iterator[Finding]:
    """Yield what is wrong with the arguments; what the service's model demands of them is its own to say."""
    taken = {*function.arguments, *(("region",) if function.regional else ())}
    for name, value in arguments.items():
        if name not in described.inputs:
            yield Finding(name, f"unknown argument{nearest(name, described.inputs)}")
        elif name not in taken:
            yield Finding(name, "the function has it, but this provider does not support it")
        elif contains_unknown(value):
            yield Finding(name, "not known yet")
        else:
            yield from check_kind(name, value, described.inputs[name])
