"""Where engines and auth methods are mounted."""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.provider.table import Call, If, Made, Prop, Template
from idp.loopback.provider.values import Value
from idp.loopback.vault.tables.common import FLAG, LOCAL, NAMESPACE, TEXT, row, seconds

TUNED = {
    "description": TEXT,
    "defaultLeaseTtlSeconds": Prop(out="config.default_lease_ttl", default=0),
    "maxLeaseTtlSeconds": Prop(out="config.max_lease_ttl", default=0),
    "auditNonHmacRequestKeys": Prop(out="config.audit_non_hmac_request_keys", default=[]),
    "auditNonHmacResponseKeys": Prop(out="config.audit_non_hmac_response_keys", default=[]),
    "listingVisibility": Prop(
        out="config.listing_visibility", default="", normal=lambda word: "" if word == "hidden" else word
    ),
    "passthroughRequestHeaders": Prop(out="config.passthrough_request_headers", default=[]),
    "allowedResponseHeaders": Prop(out="config.allowed_response_headers", default=[]),
    "delegatedAuthAccessors": Prop(out="config.delegated_auth_accessors", default=[]),
}
"""What of a secrets engine can change while it is mounted."""

FIXED = {
    "local": FLAG,
    "sealWrap": FLAG,
    "forceNoCache": Prop(out="config.force_no_cache", default=False),
}
"""What can't."""

PLUGIN_VERSION = Prop(permanent=True)

CONFIG: Mapping[str, Template] = {
    # Vault takes text here, and a number for none.
    "default_lease_ttl": Made("$defaultLeaseTtlSeconds", lambda value: f"{value}s"),
    "max_lease_ttl": Made("$maxLeaseTtlSeconds", lambda value: f"{value}s"),
    "audit_non_hmac_request_keys": "$auditNonHmacRequestKeys",
    "audit_non_hmac_response_keys": "$auditNonHmacResponseKeys",
    "listing_visibility": "$listingVisibility",
    "passthrough_request_headers": "$passthroughRequestHeaders",
    "allowed_response_headers": "$allowedResponseHeaders",
    "delegated_auth_accessors": "$delegatedAuthAccessors",
}

ENTERPRISE = ("allowedManagedKeys", "externalEntropyAccess", "identityTokenKey")


def mounting(kind: Template, more: Mapping[str, Template] | None = None) -> Call:
    """Return the call that mounts a secrets engine of a kind at `path`."""
    members = {
        **(more or {}),
        "type": kind,
        "description": "$description",
        "local": "$local",
        "seal_wrap": "$sealWrap",
        "plugin_version": If("$pluginVersion", "$pluginVersion"),
        "config": {**CONFIG, "force_no_cache": "$forceNoCache"},
    }
    return Call("POST sys/mounts/{path}", members, by_name=False)


def tuning(*more: str) -> Call:
    """Return the call that changes a mounted secrets engine; `more` are changeable properties beside the usual."""
    members = {**CONFIG, "description": "$description", "plugin_version": If("$pluginVersion", "$pluginVersion")}
    if "options" in more:
        members["options"] = "$options"
    return Call("POST sys/mounts/{path}/tune", members, on=(*TUNED, "pluginVersion", *more), by_name=False)


MOUNT = row(
    type="vault:index/mount:Mount",
    identity="{path}",
    create=(mounting("$type", {"options": If("$options", "$options")}),),
    read=(Call("GET sys/mounts/{path}"),),
    update=(tuning("options"),),
    delete=(Call("DELETE sys/mounts/{path}"),),
    properties={
        "path": Prop(out="$path"),
        "type": Prop(),
        # Vault adds to options, and never takes one away.
        "options": Prop(permanent=True),
        "pluginVersion": PLUGIN_VERSION,
        **TUNED,
        **FIXED,
    },
    absent=(*NAMESPACE, *ENTERPRISE),
    unique=("path",),
)

_USUAL = {"tokenType": "default-service", "listingVisibility": "hidden"}


def _tune(block: Value) -> Value:
    """Return of a `tune` block what is not as usual, durations in seconds."""
    if not isinstance(block, Mapping):
        return block
    found = {name: seconds(value) if name.endswith("Ttl") else value for name, value in block.items()}
    return {name: value for name, value in found.items() if value not in ("", 0, [], _USUAL.get(name))}


def _of_tune(name: str, absent: Value) -> Made:
    return Made("$tune", lambda block: (block.get(name) if isinstance(block, Mapping) else None) or absent)


TUNE = Prop(out="config", default={}, normal=_tune)
"""The block `tune` of an auth method."""

TUNING = Call(
    "POST sys/auth/{at}/tune",
    {
        "description": "$description",
        "default_lease_ttl": _of_tune("defaultLeaseTtl", "0"),
        "max_lease_ttl": _of_tune("maxLeaseTtl", "0"),
        "listing_visibility": _of_tune("listingVisibility", ""),
        "token_type": _of_tune("tokenType", "default-service"),
        "allowed_response_headers": _of_tune("allowedResponseHeaders", []),
        "audit_non_hmac_request_keys": _of_tune("auditNonHmacRequestKeys", []),
        "audit_non_hmac_response_keys": _of_tune("auditNonHmacResponseKeys", []),
        "passthrough_request_headers": _of_tune("passthroughRequestHeaders", []),
    },
    on=("description", "tune"),
    by_name=False,
)

ENABLING = Call(
    "POST sys/auth/{at}",
    {"type": "$type", "description": "$description", "local": "$local"},
    by_name=False,
)

AUTH_BACKEND = row(
    type="vault:index/authBackend:AuthBackend",
    identity="{at}",
    derived={"at": If("$path", "$path", "$type")},
    create=(ENABLING,),
    read=(Call("GET sys/auth/{at}"),),
    update=(TUNING,),
    delete=(Call("DELETE sys/auth/{at}"),),
    properties={
        "path": Prop(out="$at", kept=True),
        "type": Prop(),
        "description": TEXT,
        "local": FLAG,
        "tune": TUNE,
        "disableRemount": LOCAL,
    },
    absent=(*NAMESPACE, "identityTokenKey"),
    unique=("path",),
)

ROWS = (MOUNT, AUTH_BACKEND)
