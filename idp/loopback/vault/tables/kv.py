"""Versioned secrets (KV version 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, If, Made, Prop, Quirk
from idp.loopback.provider.values import Properties, Value
from idp.loopback.vault.tables.common import FLAG, LOCAL, NAMESPACE, NUMBER, row, seconds

CONFIG = row(
    type="vault:kv/secretBackendV2:SecretBackendV2",
    identity="{mount}/config",
    create=(Call("POST {mount}/config"),),
    read=(Call("GET {mount}/config"),),
    update=(Call("POST {mount}/config", on=("casRequired", "deleteVersionAfter", "maxVersions")),),
    # As it is in a new engine; the configuration itself can't go.
    delete=(Call("POST {mount}/config", {"cas_required": False, "delete_version_after": 0, "max_versions": 0}),),
    properties={
        "mount": Prop(out="$mount"),
        "casRequired": FLAG,
        "maxVersions": NUMBER,
        "deleteVersionAfter": Prop(default=0, told=seconds),
    },
    absent=NAMESPACE,
    unique=("mount",),
)


def _document(text: Value) -> Value:
    try:
        document = json.loads(str(text))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        # Without a word of it: it is a secret.
        raise ValueError("must be the JSON text of an object")
    return document


def _read_secret(context: Context) -> Properties:
    """Return what may be told of a secret: its values only when they are in the program's state anyway."""
    where = {name: context.value(name) for name in ("mount", "name")}
    if context.inputs.get("disableRead"):
        return {}
    answer = context.send("GET {mount}/data/{name}", **where)
    found: Properties = {"metadata": answer.get("metadata")}
    if context.inputs.get("dataJson") is not None:
        found["dataJson"] = json.dumps(answer.get("data"))
    return {**found, "custom": context.send("GET {mount}/metadata/{name}", **where)}


def _custom(metadata: Value) -> Value:
    found = metadata if isinstance(metadata, Mapping) else {}
    return {
        "casRequired": found.get("cas_required"),
        "data": found.get("custom_metadata"),
        "deleteVersionAfter": seconds(found.get("delete_version_after", 0)),
        "maxVersions": found.get("max_versions"),
    }


def _of(name: str, absent: Value) -> If:
    """Return a member of the block, or what stands for an absent one."""
    given = Made("$customMetadata", lambda block: block.get(name, absent) if isinstance(block, Mapping) else absent)
    return If("$customMetadata", given, absent)


def _spoken(block: Value) -> Value:
    return {name: value for name, value in block.items() if value} if isinstance(block, Mapping) else block


_DATA = {
    "data": If("$dataJson", Made("$dataJson", _document), Made("$dataJsonWo", _document)),
    "options": {"cas": "$cas"},
}

SECRET = row(
    type="vault:kv/secretV2:SecretV2",
    identity="{mount}/data/{name}",
    create=(Call("POST {mount}/data/{name}", _DATA, by_name=False),),
    read=(Quirk(_read_secret),),
    update=(
        Call(
            "POST {mount}/data/{name}",
            _DATA,
            on=("dataJson", "dataJsonWo", "dataJsonWoVersion"),
            by_name=False,
        ),
        Call(
            "POST {mount}/metadata/{name}",
            {
                "cas_required": _of("casRequired", False),
                "custom_metadata": _of("data", {}),
                "delete_version_after": _of("deleteVersionAfter", 0),
                "max_versions": _of("maxVersions", 0),
            },
            on=("customMetadata",),
            by_name=False,
        ),
    ),
    delete=(
        Call("DELETE {mount}/data/{name}", unless="$deleteAllVersions"),
        Call("DELETE {mount}/metadata/{name}", needs="$deleteAllVersions"),
    ),
    properties={
        "mount": Prop(out="$mount"),
        "name": Prop(out="$name"),
        "dataJson": Prop(out="dataJson", kept=True),
        "dataJsonWo": Prop(member="dataJson", version="dataJsonWoVersion"),
        "dataJsonWoVersion": LOCAL,
        "cas": LOCAL,
        "customMetadata": Prop(out="custom", told=_custom, normal=_spoken),
        "deleteAllVersions": LOCAL,
        "disableRead": LOCAL,
    },
    computed={"path": "$id"},
    # `cas` is the one option Vault has; values read back would be secrets of others.
    absent=(*NAMESPACE, "data", "options"),
    autoname="name",
    unique=("mount", "name"),
)

ROWS = (CONFIG, SECRET)
