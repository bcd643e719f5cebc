"""PKI: a root, an intermediate signed by it, and where both are to be found.

As with the official provider, what was issued stays in the engine: only a root's issuer goes with its resource.
"""

from __future__ import annotations

from cryptography import x509

from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, If, Made, Prop, Quirk, Template
from idp.loopback.provider.values import Properties
from idp.loopback.vault.tables.common import FLAG, LIST, LOCAL, NAMESPACE, UNTOLD, joined, named, row

_SUBJECT = "commonName country locality organization ou postalCode province streetAddress"
_SANS = "altNames ipSans otherSans uriSans"
_CONSTRAINTS = (
    "excludedDnsDomains excludedEmailAddresses excludedIpRanges excludedUriDomains permittedDnsDomains "
    "permittedEmailAddresses permittedIpRanges permittedUriDomains"
)
_NAMES = {"alt_names": Made("$altNames", joined)}
_NOT_HERE = "jksPassword pkcs12Encoder pkcs12Password"
"""Of Vault 2.1."""
_MANAGED = "managedKeyId managedKeyName"
"""Of Vault Enterprise."""


def _sent(*names: str) -> dict[str, Prop]:
    return named(UNTOLD, " ".join(names))


_KEY_USAGES = Prop(member="keyUsage", out=None)
_EXCLUDE_CN = Prop(out=None, default=False)


def _of_creation(**members: str) -> dict[str, Template]:
    """Return references to members of the creation's answer, which are later in the state only, by output."""
    return {name: If("$created", f"$created.{member}", f"$state.{name}") for name, member in members.items()}


def _serial(context: Context) -> Properties:
    """Return the serial number of an issuer's certificate, as Vault writes it."""
    where = {name: context.value(name) for name in ("backend", "issuer_id")}
    pem = str(context.send("GET {backend}/issuer/{issuer_id}", **where)["certificate"])
    number = x509.load_pem_x509_certificate(pem.encode()).serial_number
    digits = f"{number:x}"
    digits = digits.zfill(len(digits) + len(digits) % 2)
    return {"serial_number": ":".join(digits[index : index + 2] for index in range(0, len(digits), 2))}


ROOT = row(
    type="vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert",
    identity="{backend}/issuer/{issuer_id}",
    create=(
        Call(
            "POST {backend}/issuers/generate/root/{type}",
            {**_NAMES, "issuer_name": If("$issuerName", "$issuerName")},
        ),
    ),
    read=(Call("GET {backend}/issuer/{issuer_id}"), Quirk(_serial)),
    delete=(Call("DELETE {backend}/issuer/{issuer_id}"),),
    properties={
        "backend": Prop(out="$backend"),
        "type": UNTOLD,
        "issuerName": Prop(default=""),
        "format": Prop(out=None, default="pem"),
        "privateKeyFormat": Prop(out=None, default="der"),
        "keyType": Prop(out=None, default="rsa"),
        "excludeCnFromSans": _EXCLUDE_CN,
        "keyUsages": _KEY_USAGES,
        **_sent(_SUBJECT, _SANS, _CONSTRAINTS),
        **_sent("keyBits keyName keyRef maxPathLength notAfter notBeforeDuration signatureBits ttl usePss"),
    },
    computed={"issuingCa": "certificate"},
    absent=(*NAMESPACE, *_NOT_HERE.split(), *_MANAGED.split(), "jksPrivateKeyAlias", "parameterSet"),
)

REQUEST = row(
    type="vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest",
    identity="{backend}/issuers/generate/intermediate/{type}/{key_id}",
    derived=_of_creation(csr="csr", privateKey="private_key", privateKeyType="private_key_type"),
    create=(Call("POST {backend}/issuers/generate/intermediate/{type}", _NAMES),),
    read=(Call("GET {backend}/key/{key_id}"),),
    delete=(),
    properties={
        "backend": Prop(out="$backend"),
        "type": Prop(out="$type"),
        "format": Prop(out=None, default="pem"),
        "privateKeyFormat": Prop(out=None, default="der"),
        "keyType": Prop(out=None, default="rsa"),
        "excludeCnFromSans": _EXCLUDE_CN,
        "addBasicConstraints": _EXCLUDE_CN,
        "keyUsages": _KEY_USAGES,
        **_sent(_SUBJECT, _SANS, "keyBits keyName keyRef serialNumber signatureBits"),
    },
    computed={"csr": "$csr", "privateKey": "$privateKey", "privateKeyType": "$privateKeyType"},
    absent=(*NAMESPACE, *_MANAGED.split(), "parameterSet"),
)

SIGNED = row(
    type="vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate",
    identity="{backend}/cert/{serial_number}",
    derived={
        **_of_creation(caChains="ca_chain", issuingCa="issuing_ca"),
        "bundle": If("$created", "{created.certificate}\n{created.issuing_ca}", "$state.certificateBundle"),
    },
    create=(Call("POST {backend}/root/sign-intermediate", _NAMES),),
    read=(Call("GET {backend}/cert/{serial_number}"),),
    delete=(Call("POST {backend}/revoke", {"serial_number": "$serial_number"}, needs="$revoke"),),
    properties={
        "backend": Prop(out="$backend"),
        "csr": UNTOLD,
        "format": Prop(out=None, default="pem"),
        "issuerRef": Prop(out=None, default="default"),
        "excludeCnFromSans": _EXCLUDE_CN,
        "useCsrValues": _EXCLUDE_CN,
        "keyUsages": _KEY_USAGES,
        "revoke": LOCAL,
        **_sent(_SUBJECT, _SANS, _CONSTRAINTS),
        **_sent("maxPathLength notAfter notBeforeDuration signatureBits skid ttl usePss"),
    },
    computed={
        "caChains": "$caChains",
        "certificateBundle": "$bundle",
        "issuingCa": "$issuingCa",
        "serialNumber": "$serial_number",
    },
    absent=(*NAMESPACE, *_NOT_HERE.split()),
    gone="not_null(revocation_time, `0`) > `0`",
)

SET_SIGNED = row(
    type="vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned",
    identity="{backend}/intermediate/set-signed/{issuer}",
    derived={
        # A certificate that is there already is not imported again.
        "issuer": If("$imported_issuers", "$imported_issuers.0", "$existing_issuers.0"),
        **_of_creation(importedIssuers="imported_issuers", importedKeys="imported_keys"),
    },
    create=(Call("POST {backend}/intermediate/set-signed"),),
    read=(Call("GET {backend}/issuer/{issuer}"),),
    delete=(),
    properties={"backend": Prop(out="$backend"), "certificate": UNTOLD},
    computed={"importedIssuers": "$importedIssuers", "importedKeys": "$importedKeys"},
    absent=NAMESPACE,
)

_URLS = ("crlDistributionPoints", "enableTemplating", "issuingCertificates", "ocspServers")
_NO_URLS = {
    "crl_distribution_points": Made("$backend", lambda _: []),
    "issuing_certificates": Made("$backend", lambda _: []),
    "ocsp_servers": Made("$backend", lambda _: []),
    "enable_templating": False,
}

URLS = row(
    type="vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls",
    identity="{backend}/config/urls",
    create=(Call("POST {backend}/config/urls"),),
    read=(Call("GET {backend}/config/urls"),),
    update=(Call("POST {backend}/config/urls", on=_URLS),),
    # As it is in a new engine; the configuration itself can't go.
    delete=(Call("POST {backend}/config/urls", _NO_URLS),),
    properties={
        "backend": Prop(out="$backend"),
        **named(LIST, "crlDistributionPoints issuingCertificates ocspServers"),
        "enableTemplating": FLAG,
    },
    absent=NAMESPACE,
    unique=("backend",),
)

ROWS = (ROOT, REQUEST, SIGNED, SET_SIGNED, URLS)
