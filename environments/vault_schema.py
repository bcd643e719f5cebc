"""The rules of Vault's servers (environments.vault_rules) that JSON Schema can express."""

from __future__ import annotations

from typing import Any

from environments.special import LOCAL
from environments.vault_rules import AVAILABLE, LOCAL_ONLY

Schema = dict[str, Any]


def vault_rules() -> list[Schema]:
    """Return schemas that an environment must each fulfil."""
    is_local = _inside(name={"const": LOCAL})
    none = {"not": _has_servers()}
    return [
        {
            "if": is_local,
            "then": _servers(replicas={"enum": [*LOCAL_ONLY, *AVAILABLE]}),
            "else": {
                "allOf": [
                    _servers(["keepers"], replicas={"enum": list(AVAILABLE)}, keepers={"minItems": 1}),
                    {"if": _inside_required(foundation={"type": "object"}), "else": none},
                ]
            },
        },
        {
            "if": _has_servers(),
            "else": _inside(secrets={"if": {"type": "object"}, "then": _inside_required(address={"type": "string"})}),
        },
    ]


def _has_servers() -> Schema:
    return _inside_required(platform={"type": "object", **_inside_required(vault={"type": "object"})})


def _servers(required: list[str] | None = None, **keys: Schema) -> Schema:
    """Return the schema of servers, where there are any."""
    inner = {"if": {"type": "object"}, "then": {"properties": keys, "required": required or []}}
    return _inside(platform=_inside(vault=inner))


def _inside(**keys: Schema) -> Schema:
    return {"properties": keys}


def _inside_required(**keys: Schema) -> Schema:
    return {"required": list(keys), "properties": keys}
