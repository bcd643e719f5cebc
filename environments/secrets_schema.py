"""The rules of secrets (environments.secrets_rules) that JSON Schema can express."""

from __future__ import annotations

from environments.schema_words import Schema, inside, with_keys


def secrets_rules() -> list[Schema]:
    """Return schemas that an environment must each fulfil."""
    nothing = {
        "gitlab_projects": {"maxItems": 0},
        "database": {"type": "null"},
        "aws_role_arn": {"type": "null"},
        "services": {"items": inside(secrets={"maxItems": 0})},
    }
    region = with_keys(aws_region={"type": "string"})
    gitlab = with_keys(gitlab={"type": "object"})
    return [
        {"if": with_keys(secrets={"type": "object"}), "else": _workspaces(nothing)},
        {"if": with_keys(secrets=region), "else": _workspaces({"aws_role_arn": {"type": "null"}})},
        {"if": with_keys(secrets=gitlab), "else": _workspaces({"gitlab_projects": {"maxItems": 0}})},
    ]


def _workspaces(properties: Schema) -> Schema:
    return inside(workspaces={"items": {"properties": properties}})
