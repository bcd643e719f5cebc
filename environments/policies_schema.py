"""The rules of policies (environments.policies_rules) that JSON Schema can express."""

from __future__ import annotations

from environments.schema_words import Schema, inside, named
from environments.special import PROD


def policies_rules() -> list[Schema]:
    """Return schemas that an environment must each fulfil."""
    mandatory: Schema = {"const": "mandatory"}
    everywhere = inside(enforcement=mandatory, controls={"items": inside(enforcement=mandatory)})
    return [{"if": named(PROD), "then": inside(policies=everywhere)}]
