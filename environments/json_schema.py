"""The JSON Schema of environment files: editors complete by it, and messages take their words from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from environments.foundation_schema import foundation_rules, has_foundation
from environments.model import Environment
from environments.policies_schema import policies_rules
from environments.rules import LOOPBACK_VERSION
from environments.secrets_schema import secrets_rules
from environments.special import LOCAL
from environments.vault_schema import vault_rules

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Plain(GenerateJsonSchema):
    """pydantic's schema without a title that repeats the name of each field."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        return False


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an environment file, as plain new data.

    It holds all that the model checks except what JSON Schema cannot say: names that must be unique or refer to each
    other, sums against quotas, arithmetic of networks, accounts and regions that must agree, and the name of the file.
    """
    fields = Environment.model_json_schema(schema_generator=_Plain)
    return {"$schema": DIALECT, **fields, **_between_parts()}


def _between_parts() -> dict[str, Any]:
    """Return the rules between parts (environments.rules) that JSON Schema can express."""
    state = {"properties": {"backend": {"pattern": "^s3://"}, "secrets_provider": {"pattern": "^awskms://"}}}
    kubeconfig = {"required": ["kubeconfig"], "properties": {"kubeconfig": {"type": "string"}}}
    alone = {"properties": {"context": {"type": "null"}}}
    loopback = {"properties": {"version": {"const": LOOPBACK_VERSION}, "context": {"type": "null"}}}
    return {
        "if": {"properties": {"name": {"const": LOCAL}}},
        "then": {"properties": {"cluster": {"if": kubeconfig, "else": loopback}}},
        "else": {
            "properties": {"state": state},
            "if": has_foundation(),
            "then": {"properties": {"cluster": {"if": kubeconfig, "else": alone}}},
            "else": {"properties": {"cluster": kubeconfig}},
        },
        "allOf": [*foundation_rules(), *secrets_rules(), *vault_rules(), *policies_rules()],
    }


@cache
def _whole() -> dict[str, Any]:
    return schema()


def at(place: Sequence[str | int]) -> Mapping[str, Any]:
    """Return the part of the schema for a place in a document; empty where the schema has no such place.

    Its own words (`description`) go before those of the type it refers to.
    """
    found: Mapping[str, Any] = _whole()
    for step in place:
        inside = found.get("items") if isinstance(step, int) else found.get("properties", {}).get(step)
        if inside is None:
            return {}
        found = resolved(inside, _whole())
    return found


def resolved(part: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part of a schema with what it refers to filled in, and of "this or null" the first."""
    own = {key: value for key, value in part.items() if key not in ("$ref", "anyOf")}
    if reference := part.get("$ref"):
        return {**whole["$defs"][reference.rpartition("/")[2]], **own}
    if options := part.get("anyOf"):
        return {**resolved(options[0], whole), **own, "nullable": True}
    return part
