"""The rules of Vault's servers (environments.vault_rules) that JSON Schema can express."""

from __future__ import annotations

from environments.schema_words import Schema, inside, named, with_keys
from environments.special import LOCAL
from environments.vault_rules import AVAILABLE, LOCAL_ONLY


def vault_rules() -> list[Schema]:
    """Return schemas that an environment must each fulfil."""
    none = {"not": _has_servers()}
    return [
        {
            "if": named(LOCAL),
            "then": _servers(replicas={"enum": [*LOCAL_ONLY, *AVAILABLE]}),
            "else": {
                "allOf": [
                    _servers(["keepers"], replicas={"enum": list(AVAILABLE)}, keepers={"minItems": 1}),
                    {"if": with_keys(foundation={"type": "object"}), "else": none},
                ]
            },
        },
        {
            "if": _has_servers(),
            "else": inside(secrets={"if": {"type": "object"}, "then": with_keys(address={"type": "string"})}),
        },
    ]


def _has_servers() -> Schema:
    return with_keys(platform={"type": "object", **with_keys(vault={"type": "object"})})


def _servers(required: list[str] | None = None, **keys: Schema) -> Schema:
    """Return the schema of servers, where there are any."""
    inner = {"if": {"type": "object"}, "then": {"properties": keys, "required": required or []}}
    return inside(platform=inside(vault=inner))
