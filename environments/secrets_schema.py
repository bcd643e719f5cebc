"""The rules of secrets (environments.secrets_rules) that JSON Schema can express."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def secrets_rules() -> list[Schema]:
    """Return schemas that an environment must each fulfil."""
    nothing = {
        "gitlab_projects": {"maxItems": 0},
        "database": {"type": "null"},
        "aws_role_arn": {"type": "null"},
        "services": {"items": {"properties": {"secrets": {"maxItems": 0}}}},
    }
    has_secrets = {"required": ["secrets"], "properties": {"secrets": {"type": "object"}}}
    gitlab = {"required": ["gitlab"], "properties": {"gitlab": {"type": "object"}}}
    region = {"required": ["aws_region"], "properties": {"aws_region": {"type": "string"}}}
    return [
        {"if": has_secrets, "else": _workspaces(nothing)},
        {
            "if": {"required": ["secrets"], "properties": {"secrets": region}},
            "else": _workspaces({"aws_role_arn": {"type": "null"}}),
        },
        {
            "if": {"required": ["secrets"], "properties": {"secrets": gitlab}},
            "else": _workspaces({"gitlab_projects": {"maxItems": 0}}),
        },
    ]


def _workspaces(properties: Schema) -> Schema:
    return {"properties": {"workspaces": {"items": {"properties": properties}}}}
