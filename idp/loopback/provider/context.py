"""One resource while something is done to it: what references in its row's templates stand for."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import jmespath

from idp.loopback.provider import compare
from idp.loopback.provider.api import Api, ApiError, InvalidRequestError
from idp.loopback.provider.table import BRACES, Call, If, Literal, Made, Row, Template
from idp.loopback.provider.values import UNKNOWN, Properties, Value, contains_unknown


@dataclass(frozen=True)
class Context:
    """A resource: its row, its id (`UNKNOWN` before it has one), what is wanted and what was."""

    api: Api
    row: Row
    id: Value
    region: str
    inputs: Properties = field(default_factory=dict)
    """Wanted, with defaults."""
    old: Properties = field(default_factory=dict)
    """Wanted before, with defaults."""
    state: Properties = field(default_factory=dict)
    """Outputs as last recorded."""
    created: Value = None
    """The answer of the creation, right after it."""
    item: Value = None
    """The element a call with `each` runs for."""

    def value(self, reference: str) -> Value:
        """Return what a reference (without `$`) stands for; None if nothing."""
        head, _, rest = reference.partition(".")
        match head:
            case "id" | "region" | "item" | "created":
                return _inside(getattr(self, head), rest)
            case "account":
                return self.api.account
            case "nonce":
                return uuid.uuid4().hex
            case "old":
                return _inside(self.old, rest)
            case "state":
                return UNKNOWN if self.id is UNKNOWN else _inside(self.state, rest)
            case "added":
                return compare.added(_inside(self.old, rest), _inside(self.inputs, rest)) or None
            case "removed":
                return compare.added(_inside(self.inputs, rest), _inside(self.old, rest)) or None
            case "changed":
                name, _, inner = rest.partition(".")
                return _inside(compare.changed_entries(self.old.get(name), self.inputs.get(name)), inner) or None
        if head in self.inputs:
            return _inside(self.inputs, reference)
        parts = self.row.split(self.id) if isinstance(self.id, str) else {}
        if head in parts:
            return parts[head]
        if head in self.row.derived:
            return self.fill(self.row.derived[head])
        # What is no property is part of the id, which a creation does not know yet.
        return UNKNOWN if self.id is UNKNOWN and head not in self.row.properties else None

    def fill(self, template: Template) -> Value:
        """Return a template with its references replaced; None where it resolves to nothing."""
        if isinstance(template, str):
            return self.value(template[1:]) if template.startswith("$") else self._text(template)
        if isinstance(template, Literal):
            return template.text
        if isinstance(template, If):
            return self.fill(template.then if self.holds(template.reference) else template.otherwise)
        if isinstance(template, Made):
            return self._made(template)
        if isinstance(template, Mapping):
            filled = {key: self.fill(item) for key, item in template.items()}
            present = {key: item for key, item in filled.items() if item is not None}
            return present if present or not template else None
        if isinstance(template, list):
            items = [item for item in map(self.fill, template) if item is not None]
            return items if items or not template else None
        return template

    def holds(self, reference: str) -> bool:
        """Return whether a reference (with `$`) is there and neither empty nor false."""
        return self.value(reference.removeprefix("$")) not in (None, "", [], {}, False)

    def wants(self, call: Call) -> bool:
        """Return whether the conditions of a call are met."""
        return not ((call.needs and not self.holds(call.needs)) or (call.unless and self.holds(call.unless)))

    def request(self, call: Call, offered: Properties) -> Properties:
        """Return the request of a call: its templates, and `offered` properties that it has members for.

        Raises InvalidRequestError.
        """
        members: Properties = {name: self.value(name) for name in BRACES.findall(call.operation)}
        members.update({name: self.fill(template) for name, template in call.members.items()})
        if call.by_name:
            self._fill_by_name(call, offered, members)
        present = {name: value for name, value in members.items() if value is not None}
        return self.api.encode(self.row.service, call.operation, present)

    def run(self, call: Call, offered: Properties) -> Value:
        """Make a call as often as it says; return what it picks from the last answer. Raises ApiError."""
        items = self.value(call.each.removeprefix("$")) if call.each else [None]
        picked: Value = None
        for item in items if isinstance(items, list) else []:
            each = replace(self, item=item) if call.each else self
            picked = each._run_once(call, offered)
        return picked

    def send(self, operation: str, **members: Value) -> Properties:
        """Make one call with members as given; for quirks. Raises ApiError, InvalidRequestError."""
        request = self.api.encode(self.row.service, operation, members)
        return self.api.send(self.row.service, operation, request, self.region)

    def _run_once(self, call: Call, offered: Properties) -> Value:
        request = self.request(call, offered)
        try:
            answer = self.api.send(self.row.service, call.operation, request, self.region)
        except ApiError as error:
            if error.code in call.may_fail:
                return None
            raise
        found: Value = jmespath.search(self.expression(call.pick), answer) if call.pick else answer
        return found

    def expression(self, template: str) -> str:
        """Return a JMESPath with the references in braces (`{name}`) replaced by their quoted values."""

        def quoted(reference: str) -> str:
            # A literal in JSON; JMESPath's other kind of text can't end in a backslash.
            return "`" + json.dumps(str(self.value(reference) or "")).replace("`", "\\u0060") + "`"

        return BRACES.sub(lambda match: quoted(match.group(1)), template)

    def _made(self, template: Made) -> Value:
        value = self.fill(template.reference)
        if value is None or contains_unknown(value):
            return value
        try:
            return template.by(value)
        except ValueError as error:
            raise InvalidRequestError([f"{template.reference.removeprefix('$')}: {error}"]) from None

    def _text(self, template: str) -> Value:
        names = BRACES.findall(template)
        values = {name: self.value(name) for name in names}
        if any(contains_unknown(value) for value in values.values()):
            return UNKNOWN
        if any(value is None for value in values.values()):
            return None
        return BRACES.sub(lambda match: str(values[match.group(1)]), template)

    def _fill_by_name(self, call: Call, offered: Properties, members: Properties) -> None:
        inner: Properties = {}
        for name, value in offered.items():
            member = self.api.member(self.row.service, call.operation, call.within, name)
            if member is not None and (call.within or member not in members):
                inner[member] = value
        if not call.within:
            members.update(inner)
        elif inner:
            given = members.get(call.within)
            members[call.within] = {**inner, **(given if isinstance(given, dict) else {})}


def _inside(value: Value, path: str) -> Value:
    for part in path.split(".") if path else []:
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value
