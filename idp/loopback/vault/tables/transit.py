"""Transit: keys that never leave Vault."""

from __future__ import annotations

from idp.loopback.provider.table import Call, Prop
from idp.loopback.vault.tables.common import FLAG, NAMESPACE, NUMBER, UNTOLD, row

_KEYS = "keys && [values(keys)[?type(@)=='number'].{id: @}, values(keys)[?type(@)=='object']][]"
_ONCE = Prop(default=False, permanent=True)
"""Can be set, never taken back."""

KEY = row(
    type="vault:transit/secretBackendKey:SecretBackendKey",
    identity="{backend}/keys/{name}",
    create=(
        Call(
            "POST {backend}/keys/{name}",
            {
                "type": "$type",
                "derived": "$derived",
                "convergent_encryption": "$convergentEncryption",
                "context": "$context",
                "key_size": "$keySize",
                "parameter_set": "$parameterSet",
                "hybrid_key_type_ec": "$hybridKeyTypeEc",
                "hybrid_key_type_pqc": "$hybridKeyTypePqc",
                "exportable": "$exportable",
                "allow_plaintext_backup": "$allowPlaintextBackup",
                "auto_rotate_period": "$autoRotatePeriod",
            },
            by_name=False,
        ),
    ),
    read=(Call("GET {backend}/keys/{name}"),),
    update=(
        Call(
            "POST {backend}/keys/{name}/config",
            on=(
                "allowPlaintextBackup",
                "autoRotatePeriod",
                "deletionAllowed",
                "exportable",
                "minDecryptionVersion",
                "minEncryptionVersion",
            ),
        ),
    ),
    delete=(Call("DELETE {backend}/keys/{name}"),),
    properties={
        "backend": Prop(out="$backend"),
        "name": Prop(out="$name"),
        "type": Prop(default="aes256-gcm96"),
        "derived": FLAG,
        "convergentEncryption": FLAG,
        "context": UNTOLD,
        "keySize": NUMBER,
        "parameterSet": Prop(),
        "hybridKeyTypeEc": UNTOLD,
        "hybridKeyTypePqc": UNTOLD,
        "exportable": _ONCE,
        "allowPlaintextBackup": _ONCE,
        "autoRotatePeriod": NUMBER,
        "deletionAllowed": FLAG,
        "minDecryptionVersion": Prop(default=1),
        "minEncryptionVersion": NUMBER,
    },
    # Of a symmetric key Vault tells when it was made, of others the public half as well.
    computed={"keys": _KEYS},
    # Managed keys are Enterprise's.
    absent=(*NAMESPACE, "managedKeyId", "managedKeyName"),
    autoname="name",
    unique=("backend", "name"),
)

ROWS = (KEY,)
