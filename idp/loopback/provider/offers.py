"""Which properties are offered to which call, and which a creation carries."""

from __future__ import annotations

from idp.loopback.provider.api import Api
from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, Quirk, Row, Step, property_of, references
from idp.loopback.provider.values import Properties


def creation(context: Context) -> Properties:
    """Return what a creation may fill in by name, under the name of the request member."""
    return {
        prop.member or name: context.inputs[name]
        for name, prop in context.row.properties.items()
        if not prop.local and context.inputs.get(name) is not None
    }


def update(context: Context, step: Step) -> Properties:
    """Return what an update may fill in by name: the properties it is there for."""
    found: Properties = {}
    for name in step.on:
        prop = context.row.properties.get(name)
        value = context.inputs.get(name)
        if prop is not None and value is not None and not prop.local:
            found[prop.member or name] = value
    return found


def carried(api: Api, row: Row) -> frozenset[str]:
    """Return the properties that the creation itself carries; the others are set by updates after it."""
    found: set[str] = set()
    for step in row.create:
        if isinstance(step, Quirk):
            found.update(step.on, step.uses)
            continue
        found.update(mentioned(step))
        if step.by_name:
            found.update(
                name
                for name, prop in row.properties.items()
                if not prop.local
                and api.member(row.service, step.operation, step.within, prop.member or name) is not None
            )
    return frozenset(found & set(row.properties) | found & {"tagsAll"})


def mentioned(call: Call) -> frozenset[str]:
    """Return the properties that the templates of a call refer to."""
    templates = [*call.members.values(), call.each, call.needs and f"{call.needs}"]
    return frozenset(property_of(reference) for template in templates for reference in references(template))
