"""AWS credentials (an external plugin in Vault's smaller builds)."""

from __future__ import annotations

from idp.loopback.provider.table import Call, Prop
from idp.loopback.vault.tables.common import (
    KEPT,
    LIST,
    LOCAL,
    MAP,
    NAMESPACE,
    NUMBER,
    TEXT,
    UNTOLD,
    engine_role,
    named,
    row,
)
from idp.loopback.vault.tables.mounts import ENTERPRISE, FIXED, PLUGIN_VERSION, TUNED, mounting, tuning

_ROOT = {
    # Vault tells the access key, but the SDK holds it for a secret.
    "accessKey": Prop(default=""),
    "secretKey": UNTOLD,
    "secretKeyWo": Prop(member="secretKey", version="secretKeyWoVersion"),
    **named(TEXT, "iamEndpoint region stsEndpoint stsRegion"),
    **named(LIST, "stsFallbackEndpoints stsFallbackRegions"),
    "usernameTemplate": KEPT,
    "maxRetries": Prop(default=-1),
}

BACKEND = row(
    type="vault:aws/secretBackend:SecretBackend",
    identity="{path}",
    create=(mounting("aws"),),
    read=(Call("GET sys/mounts/{path}"), Call("GET {path}/config/root")),
    update=(
        # Vault keeps nothing that a request does not repeat: they all go each time.
        Call("POST {path}/config/root", on=(*_ROOT, "secretKeyWoVersion")),
        tuning(),
    ),
    delete=(Call("DELETE sys/mounts/{path}"),),
    properties={
        "path": Prop(out="$path", default="aws"),
        "pluginVersion": PLUGIN_VERSION,
        "disableRemount": LOCAL,
        "secretKeyWoVersion": LOCAL,
        **TUNED,
        **FIXED,
        **_ROOT,
    },
    absent=(
        *NAMESPACE,
        *ENTERPRISE,
        "disableAutomatedRotation",
        "identityTokenAudience",
        "identityTokenTtl",
        "options",
        "roleArn",
        "rotationPeriod",
        "rotationSchedule",
        "rotationWindow",
    ),
    unique=("path",),
)

_ROLE = {
    "credentialType": Prop(),
    **named(LIST, "iamGroups policyArns roleArns"),
    **named(MAP, "iamTags sessionTags"),
    **named(NUMBER, "defaultStsTtl maxStsTtl"),
    **named(TEXT, "externalId mfaSerialNumber permissionsBoundaryArn policyDocument userPath"),
}

ROLE = engine_role("vault:aws/secretBackendRole:SecretBackendRole", _ROLE)

ROWS = (BACKEND, ROLE)
