"""The rules of foundations (environments.foundation_rules) that JSON Schema can express."""

from __future__ import annotations

from collections.abc import Mapping

from environments.eks import SUPPORTED
from environments.foundation_rules import FEWEST_ZONES, FEWEST_ZONES_PROD, MOST_ZONES, POOLS
from environments.schema_words import Schema, inside, named, with_keys
from environments.special import LOCAL, PROD

_NOTHING: Schema = {"type": "null"}
_EMPTY: Schema = {"maxItems": 0}


def has_foundation() -> Schema:
    """Return the schema of environments with a foundation."""
    return with_keys(foundation={"type": "object"})


def foundation_rules() -> list[Schema]:
    """Return schemas that an environment must each fulfil."""
    return [
        {
            "if": named(LOCAL),
            "then": _foundation(aws=_emulated(on=True)),
            "else": _foundation(aws=_emulated(on=False)),
        },
        _foundation(network=_either(_made_network(), {"cidr": _NOTHING, "zones": _EMPTY, "nat": _NOTHING})),
        _foundation(cluster=_either(_made_cluster(), _no_made_cluster())),
        _foundation(gitlab=inside(projects={"minItems": 1})),
        {"if": named(PROD), "then": _foundation(network=_survives_a_zone(), protect={"const": True})},
        {"if": _creates_cluster(), "then": inside(cluster=inside(version={"enum": list(SUPPORTED)}))},
    ]


def _creates_cluster() -> Schema:
    own = _mapping({"existing": _NOTHING})
    return with_keys(foundation=_mapping({"cluster": own}, ["cluster"]))


def _foundation(**parts: Schema) -> Schema:
    return inside(foundation=inside(**parts))


def _mapping(keys: Mapping[str, Schema], required: list[str] | None = None) -> Schema:
    """Return the schema of a mapping, where `properties` alone would let anything else through."""
    return {"allOf": [{"type": "object"}, {"properties": dict(keys), "required": required or []}]}


def _either(created: Schema, beside_existing: Mapping[str, Schema]) -> Schema:
    adopted = {"required": ["existing"], "properties": {"existing": {"type": "object"}}}
    return {"if": adopted, "then": {"properties": dict(beside_existing)}, "else": created}


def _emulated(*, on: bool) -> Schema:
    return {**inside(emulator={"const": on}), **({"required": ["emulator"]} if on else {})}


def _made_network() -> Schema:
    zones = {"minItems": FEWEST_ZONES, "maxItems": MOST_ZONES}
    text = {"type": "string"}
    return with_keys(cidr=text, zones=zones, nat=text)


def _survives_a_zone() -> Schema:
    return _either(inside(zones={"minItems": FEWEST_ZONES_PROD}, nat={"const": "per-zone"}), {})


def _made_cluster() -> Schema:
    pools: list[Schema] = [{"contains": with_keys(name={"const": name})} for name in POOLS]
    tainted = {"if": named("runners"), "then": with_keys(taint={"type": "string"})}
    return {
        "required": ["name", "admin_role_arns", "node_pools"],
        **inside(
            name={"type": "string"},
            admin_role_arns={"minItems": 1},
            node_pools={"allOf": pools, "items": {**tainted, **inside(maximum={"minimum": 1})}},
        ),
    }


def _no_made_cluster() -> Schema:
    return {"name": _NOTHING, "public_access_cidrs": _EMPTY, "admin_role_arns": _EMPTY, "node_pools": _EMPTY}
