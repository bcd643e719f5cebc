"""The JWT and OIDC auth method."""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.provider.table import Call, If, Made, Prop
from idp.loopback.provider.values import Value
from idp.loopback.vault.tables.common import (
    FLAG,
    LIST,
    LOCAL,
    MAP,
    NAMESPACE,
    NUMBER,
    PEM,
    PEMS,
    TEXT,
    TOKEN,
    UNTOLD,
    named,
    row,
)
from idp.loopback.vault.tables.mounts import ENABLING, TUNE, TUNING

_FLAGS = ("fetch_groups", "fetch_user_info")
_NUMBERS = ("groups_recurse_max_depth", "groups_cap")


def _typed(settings: Value) -> Value:
    """Return `provider_config` with the kinds Vault wants; the SDK has text only."""
    if not isinstance(settings, Mapping):
        return settings
    return {name: _typed_one(name, str(value)) for name, value in settings.items()}


def _typed_one(name: str, value: str) -> Value:
    if name in _FLAGS and value not in ("true", "false"):
        raise ValueError(f"{name} must be true or false")
    if name in _NUMBERS and not value.isdigit():
        raise ValueError(f"{name} must be a whole number")
    return value == "true" if name in _FLAGS else int(value) if name in _NUMBERS else value


_SETTINGS = {
    **named(TEXT, "boundIssuer defaultRole jwksUrl oidcClientId oidcDiscoveryUrl"),
    **named(PEM, "jwksCaPem oidcDiscoveryCaPem"),
    "oidcResponseMode": TEXT,
    **named(LIST, "jwksPairs jwtSupportedAlgs oidcResponseTypes"),
    "jwtValidationPubkeys": PEMS,
    "namespaceInState": Prop(default=True),
    "providerConfig": MAP,
    "oidcClientSecret": UNTOLD,
    "oidcClientSecretWo": Prop(member="oidcClientSecret", version="oidcClientSecretWoVersion"),
}

AUTH_BACKEND = row(
    type="vault:jwt/authBackend:AuthBackend",
    identity="{at}",
    derived={"at": "$path"},
    create=(ENABLING,),
    read=(
        Call(
            "GET sys/auth/{at}",
            pick="{type: type, description: description, local: local, accessor: accessor, config: config}",
        ),
        Call("GET auth/{at}/config"),
    ),
    update=(
        # Vault keeps nothing that a request does not repeat: they all go each time.
        Call(
            "POST auth/{at}/config",
            {"provider_config": Made("$providerConfig", _typed)},
            on=(*_SETTINGS, "oidcClientSecretWoVersion"),
        ),
        TUNING,
    ),
    delete=(Call("DELETE sys/auth/{at}"),),
    properties={
        "path": Prop(out="$at", default="jwt"),
        "type": Prop(default="jwt"),
        "description": TEXT,
        "local": FLAG,
        "tune": TUNE,
        "disableRemount": LOCAL,
        "oidcClientSecretWoVersion": LOCAL,
        **_SETTINGS,
    },
    absent=NAMESPACE,
    unique=("path",),
)


def _split(claims: Value) -> Value:
    """Return claims of which each may be several: `a,b` is a list."""
    if not isinstance(claims, Mapping):
        return claims
    return {name: str(value).split(",") if "," in str(value) else value for name, value in claims.items()}


def _joined(claims: Value) -> Value:
    if not isinstance(claims, Mapping):
        return claims
    return {name: ",".join(map(str, value)) if isinstance(value, list) else value for name, value in claims.items()}


_ROLE = {
    "userClaim": Prop(),
    **named(LIST, "allowedRedirectUris boundAudiences oidcScopes"),
    "boundClaims": Prop(default={}, told=_joined),
    "boundClaimsType": Prop(default="string"),
    **named(TEXT, "boundSubject groupsClaim"),
    "claimMappings": MAP,
    **named(NUMBER, "clockSkewLeeway expirationLeeway maxAge notBeforeLeeway"),
    **named(FLAG, "userClaimJsonPointer verboseOidcLogging"),
    **TOKEN,
}
_CLAIMS = {"bound_claims": If("$disableBoundClaimsParsing", "$boundClaims", Made("$boundClaims", _split))}

ROLE = row(
    type="vault:jwt/authBackendRole:AuthBackendRole",
    identity="auth/{backend}/role/{roleName}",
    create=(Call("POST auth/{backend}/role/{roleName}", _CLAIMS),),
    read=(Call("GET auth/{backend}/role/{roleName}"),),
    update=(Call("POST auth/{backend}/role/{roleName}", {**_CLAIMS, "role_type": "$roleType"}, on=tuple(_ROLE)),),
    delete=(Call("DELETE auth/{backend}/role/{roleName}"),),
    properties={
        "backend": Prop(out="$backend", default="jwt"),
        "roleName": Prop(out="$roleName"),
        "roleType": Prop(default="oidc"),
        "disableBoundClaimsParsing": LOCAL,
        **_ROLE,
    },
    absent=(*NAMESPACE, "aliasMetadata"),
    unique=("backend", "roleName"),
)

ROWS = (AUTH_BACKEND, ROLE)
