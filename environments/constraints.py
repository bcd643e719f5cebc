"""Constraints: each checks a value, says in words what is allowed, and appears in the JSON Schema.

pydantic's own would do the checking, but neither words for a person nor look-aheads in patterns (its regular
expressions have none, those of editors do).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

Entry = TypeVar("Entry")

RULE = "rule"
"""The type of each pydantic error raised here; its context holds `allowed`."""


def refusal(allowed: str, wanted: type = object) -> PydanticCustomError:
    """Return the error that says what is allowed; `wanted` is the type the value should have."""
    return PydanticCustomError(RULE, "{allowed}", {"allowed": allowed, "wanted": wanted.__name__})


def refusals(title: str, broken: list[tuple[tuple[str | int, ...], object, str]]) -> ValidationError:
    """Return one error for several (place, value, what is allowed), places relative to the validated object."""
    details = [InitErrorDetails(type=refusal(allowed), loc=place, input=value) for place, value, allowed in broken]
    return ValidationError.from_exception_data(title, details)


@dataclass(frozen=True, slots=True)
class Text:
    """A string that matches a pattern as a whole."""

    pattern: str
    """Anchored at both ends, in the syntax common to Python and ECMA 262 (JSON Schema)."""
    allowed: str
    """In words, with an example: completes "... is not allowed: "."""
    longest: int
    """Characters; checked first, so that no pattern ever sees a huge value."""
    examples: tuple[str, ...] = ()
    refuse: Callable[[str], bool] | None = None
    """What a pattern cannot express: true for a value to be refused."""

    def validate(self, value: object) -> str:
        """Return the value as it is, or raise the refusal."""
        if not isinstance(value, str) or len(value) > self.longest or not re.fullmatch(self.pattern, value):
            raise refusal(self.allowed, str)
        if self.refuse and self.refuse(value):
            raise refusal(self.allowed, str)
        return value

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": self.pattern,
            "maxLength": self.longest,
            "patternErrorMessage": f"Allowed: {self.allowed}",
            **({"examples": list(self.examples)} if self.examples else {}),
        }


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in a range, both ends included."""

    least: int
    most: int

    def validate(self, value: object) -> int:
        """Return the value as it is, or raise the refusal."""
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return value
        raise refusal(f"a whole number from {self.least} to {self.most}", int)

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    def validate(self, value: object) -> bool:
        """Return the value as it is, or raise the refusal."""
        if isinstance(value, bool):
            return value
        raise refusal("true or false", bool)

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "boolean"}


def _repeated(entries: tuple[Entry, ...]) -> list[int]:
    seen: set[Entry] = set()
    places: list[int] = []
    for place, entry in enumerate(entries):
        if entry in seen:
            places.append(place)
        seen.add(entry)
    return places


@dataclass(frozen=True, slots=True)
class Entries:
    """A list, kept as a tuple so that a frozen model is frozen all the way down."""

    fewest: int = 0
    distinct: bool = False
    """Whether an entry may appear once only."""

    def freeze(self, value: object) -> object:
        """Return a list as a tuple and anything else as it is."""
        return tuple(value) if isinstance(value, list) else value

    def validate(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Return the entries as they are, or raise the refusals."""
        if len(entries) < self.fewest:
            raise refusal(f"at least {self.fewest} in the list")
        if self.distinct and len(set(entries)) < len(entries):
            raise refusals("list", [((i,), entries[i], "each entry once only") for i in _repeated(entries)])
        return entries

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        frozen = core_schema.no_info_before_validator_function(self.freeze, handler(source))
        return core_schema.no_info_after_validator_function(self.validate, frozen)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            **handler(schema),
            **({"minItems": self.fewest} if self.fewest else {}),
            **({"uniqueItems": True} if self.distinct else {}),
        }
