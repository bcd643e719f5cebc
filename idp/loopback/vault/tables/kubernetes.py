"""The Kubernetes auth method (an external plugin in Vault's smaller builds)."""

from __future__ import annotations

from idp.loopback.provider.table import Call, Prop
from idp.loopback.vault.tables.common import FLAG, LIST, LOCAL, NAMESPACE, ON, PEM, PEMS, TEXT, TOKEN, UNTOLD, row

_SETTINGS = {
    "kubernetesHost": Prop(),
    "kubernetesCaCert": PEM,
    "pemKeys": PEMS,
    "issuer": TEXT,
    "disableIssValidation": ON,
    "disableLocalCaJwt": FLAG,
    "useAnnotationsAsAliasMetadata": FLAG,
    "tokenReviewerJwt": UNTOLD,
    "tokenReviewerJwtWo": Prop(member="tokenReviewerJwt", version="tokenReviewerJwtWoVersion"),
}

CONFIG = row(
    type="vault:kubernetes/authBackendConfig:AuthBackendConfig",
    identity="auth/{backend}/config",
    create=(Call("POST auth/{backend}/config"),),
    read=(Call("GET auth/{backend}/config"),),
    # Vault keeps nothing that a request does not repeat: they all go each time.
    update=(Call("POST auth/{backend}/config", on=(*_SETTINGS, "tokenReviewerJwtWoVersion")),),
    # Vault has no way to take it back, but with the auth method itself.
    delete=(),
    properties={
        "backend": Prop(out="$backend", default="kubernetes"),
        "tokenReviewerJwtWoVersion": LOCAL,
        **_SETTINGS,
    },
    absent=NAMESPACE,
    unique=("backend",),
)

_ROLE = {
    "boundServiceAccountNames": Prop(),
    "boundServiceAccountNamespaces": LIST,
    "boundServiceAccountNamespaceSelector": TEXT,
    "audience": TEXT,
    "aliasNameSource": Prop(default="serviceaccount_uid"),
    **TOKEN,
}

ROLE = row(
    type="vault:kubernetes/authBackendRole:AuthBackendRole",
    identity="auth/{backend}/role/{roleName}",
    create=(Call("POST auth/{backend}/role/{roleName}"),),
    read=(Call("GET auth/{backend}/role/{roleName}"),),
    update=(Call("POST auth/{backend}/role/{roleName}", on=tuple(_ROLE)),),
    delete=(Call("DELETE auth/{backend}/role/{roleName}"),),
    properties={
        "backend": Prop(out="$backend", default="kubernetes"),
        "roleName": Prop(out="$roleName"),
        **_ROLE,
    },
    absent=(*NAMESPACE, "aliasMetadata"),
    unique=("backend", "roleName"),
)

ROWS = (CONFIG, ROLE)
