"""Conditions on the fields of a Kubernetes object, written once and judged twice.

Here they are judged with a third answer for what is not known yet (`policies.truth`); `cel()` is the same condition for
the API server, in its Common Expression Language with optional types (kubernetes.io/docs/reference/using-api/cel).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from policies.plain import UNKNOWN, Plain, at
from policies.truth import Truth, every, opposite, some

Scalar: TypeAlias = bool | int | str

# kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity, without those below zero.
_QUANTITY = re.compile(
    r"\+?(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?",
)


@dataclass(frozen=True)
class Scope:
    """What the roots of fields stand for."""

    roots: Mapping[str, Plain]
    partial: frozenset[str] = frozenset()
    """The roots in which a field that is absent may well be there: in a patch it stays as it is."""

    def binding(self, name: str, value: Plain, within: str) -> Scope:
        """Return the scope in which `name` is one item of something in the root `within`."""
        partial = self.partial | {name} if within in self.partial else self.partial - {name}
        return replace(self, roots={**self.roots, name: value}, partial=partial)


class Condition(Protocol):
    """Something that is true of an object, or is not, or can't be told yet."""

    def truth(self, scope: Scope) -> Truth:
        """Return True, False, or None where it depends on what is unknown."""

    def cel(self) -> str:
        """Return an expression in CEL; roots are its variables. It binds at least as tightly as a comparison."""


@dataclass(frozen=True)
class Field:
    """A value in an object: `Field("item", "securityContext", "privileged")`. Null is absent, as for the API server."""

    root: str
    keys: tuple[str, ...]

    def __init__(self, root: str, *keys: str) -> None:
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "keys", keys)

    def value(self, scope: Scope) -> Plain:
        """Return the value, None where it is absent, `UNKNOWN` where it is not known."""
        found = at(scope.roots[self.root], *self.keys)
        return UNKNOWN if found is None and self.root in scope.partial else found

    def cel(self) -> str:
        """Return the field as an optional value."""
        if not self.keys:
            return f"optional.of({self.root})"
        return self.root + "".join(f".?{key}" if key.isidentifier() else f"[?{_literal(key)}]" for key in self.keys)


@dataclass(frozen=True)
class Present:
    """The field is there."""

    field: Field

    def truth(self, scope: Scope) -> Truth:
        """Judge whether it is there."""
        value = self.field.value(scope)
        return None if value is UNKNOWN else value is not None

    def cel(self) -> str:
        """Ask the optional value."""
        return f"{self.field.cel()}.hasValue()"


@dataclass(frozen=True)
class Filled:
    """The field is there and is no empty text, list or map."""

    field: Field

    def truth(self, scope: Scope) -> Truth:
        """Judge whether there is something in it: in a patch, the keys of a map may be there already."""
        value = self.field.value(scope)
        if value is UNKNOWN or (value == {} and self.field.root in scope.partial):
            return None
        return value not in (None, "", [], {})

    def cel(self) -> str:
        """Ask for its size."""
        return f"({self.field.cel()}.hasValue() && size({self.field.cel()}.value()) > 0)"


@dataclass(frozen=True)
class OneOf:
    """The field is there and has one of the values, which are of one type."""

    field: Field
    values: tuple[Scalar, ...]

    def truth(self, scope: Scope) -> Truth:
        """Compare the value: 1 is not true, 1.0 is 1."""
        value = self.field.value(scope)
        return None if value is UNKNOWN else any(_same(value, allowed) for allowed in self.values)

    def cel(self) -> str:
        """Look the value up in a list."""
        values = ", ".join(_literal(value) for value in self.values)
        return f"({self.field.cel()}.hasValue() && {self.field.cel()}.value() in [{values}])"


@dataclass(frozen=True)
class Matches:
    """The field is there, is text, and all of it fits a pattern, which Python and RE2 must read alike."""

    field: Field
    pattern: str

    def truth(self, scope: Scope) -> Truth:
        """Match the whole text."""
        value = self.field.value(scope)
        return None if value is UNKNOWN else isinstance(value, str) and re.fullmatch(self.pattern, value) is not None

    def cel(self) -> str:
        """Match from the beginning to the end."""
        pattern = _literal(f"^(?:{self.pattern})$")
        return f"({self.field.cel()}.hasValue() && {self.field.cel()}.value().matches({pattern}))"


@dataclass(frozen=True)
class AtLeast:
    """The field is there and is a number not below the bound."""

    field: Field
    bound: int

    def truth(self, scope: Scope) -> Truth:
        """Compare the number."""
        value = self.field.value(scope)
        if value is UNKNOWN:
            return None
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= self.bound

    def cel(self) -> str:
        """Compare the number."""
        return f"({self.field.cel()}.hasValue() && {self.field.cel()}.value() >= {self.bound})"


@dataclass(frozen=True)
class AboveZero:
    """The field is there and is a quantity above zero, such as `50m`, `1.5Gi` or 2."""

    field: Field

    def truth(self, scope: Scope) -> Truth:
        """Read the quantity; programs may give numbers, too, where the API server only ever has texts."""
        value = self.field.value(scope)
        if value is UNKNOWN:
            return None
        if isinstance(value, str):
            found = _QUANTITY.fullmatch(value)
            return found is not None and found["number"].strip("0.") != ""
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 0

    def cel(self) -> str:
        """Read the quantity with Kubernetes' own library."""
        value = f"{self.field.cel()}.value()"
        return (
            f"({self.field.cel()}.hasValue() && isQuantity({value}) && quantity({value}).isGreaterThan(quantity('0')))"
        )


@dataclass(frozen=True)
class StartsWith:
    """The field is there and is text that begins with the text of another field."""

    field: Field
    beginning: Field

    def truth(self, scope: Scope) -> Truth:
        """Compare the beginning."""
        value, beginning = self.field.value(scope), self.beginning.value(scope)
        if value is UNKNOWN or beginning is UNKNOWN:
            return None
        return isinstance(value, str) and isinstance(beginning, str) and value.startswith(beginning)

    def cel(self) -> str:
        """Compare the beginning."""
        value = self.field.cel()
        return f"({value}.hasValue() && {value}.value().startsWith({self.beginning.cel()}.orValue('')))"


@dataclass(frozen=True)
class All:
    """Every condition holds."""

    conditions: tuple[Condition, ...]

    def truth(self, scope: Scope) -> Truth:
        """Judge all."""
        return every(condition.truth(scope) for condition in self.conditions)

    def cel(self) -> str:
        """Join them with `and`."""
        return f"({' && '.join(condition.cel() for condition in self.conditions) or 'true'})"


@dataclass(frozen=True)
class Any:
    """One of the conditions holds."""

    conditions: tuple[Condition, ...]

    def truth(self, scope: Scope) -> Truth:
        """Judge all."""
        return some(condition.truth(scope) for condition in self.conditions)

    def cel(self) -> str:
        """Join them with `or`."""
        return f"({' || '.join(condition.cel() for condition in self.conditions) or 'false'})"


@dataclass(frozen=True)
class Not:
    """The condition does not hold."""

    condition: Condition

    def truth(self, scope: Scope) -> Truth:
        """Judge the contrary."""
        return opposite(self.condition.truth(scope))

    def cel(self) -> str:
        """Negate it."""
        return f"!{self.condition.cel()}"


@dataclass(frozen=True)
class _OfItems:
    """A condition on the items of a list, by the root `name`."""

    field: Field
    name: str
    condition: Condition

    def answers(self, scope: Scope) -> Iterator[Truth] | None:
        """Return the answer for each item, of which there are none where there is no list; None if it is not known."""
        value = self.field.value(scope)
        if value is UNKNOWN:
            return None
        items = value if isinstance(value, list) else []
        return _answers(self.condition, scope, self.field, self.name, items)


@dataclass(frozen=True)
class EachItem(_OfItems):
    """The condition holds for each item of a list, by the root `name`; also where there is no list."""

    def truth(self, scope: Scope) -> Truth:
        """Judge each item."""
        answers = self.answers(scope)
        return None if answers is None else every(answers)

    def cel(self) -> str:
        """Ask for all."""
        return f"{self.field.cel()}.orValue([]).all({self.name}, {self.condition.cel()})"


@dataclass(frozen=True)
class SomeItem(_OfItems):
    """The condition holds for at least one item of a list, by the root `name`."""

    def truth(self, scope: Scope) -> Truth:
        """Judge each item."""
        answers = self.answers(scope)
        return None if answers is None else some(answers)

    def cel(self) -> str:
        """Ask for one."""
        return f"{self.field.cel()}.orValue([]).exists({self.name}, {self.condition.cel()})"


@dataclass(frozen=True)
class EachEntry:
    """Where the keys of a map, such as annotations, fit a pattern, their values hold the condition, as root `name`."""

    field: Field
    keys: str
    name: str
    condition: Condition

    def truth(self, scope: Scope) -> Truth:
        """Judge the entries whose keys fit."""
        value = self.field.value(scope)
        if value is UNKNOWN:
            return None
        entries = value.items() if isinstance(value, dict) else ()
        fitting = [item for key, item in entries if re.fullmatch(self.keys, key)]
        answers = _answers(self.condition, scope, self.field, self.name, fitting)
        # A patch says nothing of the keys that it leaves out.
        return every((None if self.field.root in scope.partial else True, *answers))

    def cel(self) -> str:
        """Ask for all keys that fit."""
        map_, key = f"{self.field.cel()}.orValue({{}})", f"{self.name}_key"
        fits = f"{key}.matches({_literal(f'^(?:{self.keys})$')})"
        return f"{map_}.all({key}, !{fits} || [{map_}[{key}]].all({self.name}, {self.condition.cel()}))"


def present(field: Field) -> Condition:
    """Return `Present`."""
    return Present(field)


def absent(field: Field) -> Condition:
    """Return that the field is not there."""
    return Not(Present(field))


def empty(field: Field) -> Condition:
    """Return that the field is not there, or that nothing is in it."""
    return Not(Filled(field))


def one_of(field: Field, *values: Scalar) -> Condition:
    """Return `OneOf`."""
    return OneOf(field, values)


def unset_or(field: Field, *values: Scalar) -> Condition:
    """Return that the field is absent or has one of the values."""
    return Any((absent(field), OneOf(field, values)))


def contains(field: Field, *values: Scalar) -> Condition:
    """Return that one item of a list has one of the values."""
    return SomeItem(field, "value", OneOf(Field("value"), values))


def all_of(*conditions: Condition) -> Condition:
    """Return `All`."""
    return All(conditions)


def any_of(*conditions: Condition) -> Condition:
    """Return `Any`."""
    return Any(conditions)


def _answers(condition: Condition, scope: Scope, field: Field, name: str, items: Iterable[Plain]) -> Iterator[Truth]:
    """Yield what a condition says of each item of a field, by the root `name`."""
    for item in items:
        # What an unknown item would say is unknown, even where the condition does not look into it.
        yield None if item is UNKNOWN else condition.truth(scope.binding(name, item, field.root))


def _same(value: Plain, allowed: Scalar) -> bool:
    return isinstance(value, bool) is isinstance(allowed, bool) and value == allowed


def _literal(value: Scalar) -> str:
    # JSON's texts, numbers and truth values are CEL's.
    return json.dumps(value, ensure_ascii=True)
