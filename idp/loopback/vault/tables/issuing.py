"""PKI roles: which certificates may be asked for."""

from __future__ import annotations

from idp.loopback.provider.table import Call, Prop
from idp.loopback.vault.tables.common import DURATION, FLAG, KEPT, LIST, NAMESPACE, ON, TEXT, named, row


def _many(member: str) -> Prop:
    return Prop(member=member, out=member, default=[])


_ROLE = {
    **named(DURATION, "maxTtl ttl"),
    "notAfter": TEXT,
    "notBeforeDuration": Prop(default="30s", normal=DURATION.normal),
    "issuerRef": Prop(default="default"),
    **named(
        FLAG,
        "allowAnyName allowBareDomains allowGlobDomains allowSubdomains allowedDomainsTemplate allowedUriSansTemplate "
        "basicConstraintsValidForNonCa codeSigningFlag emailProtectionFlag generateLease noStore usePss",
    ),
    **named(
        ON,
        "allowIpSans allowLocalhost allowWildcardCertificates clientFlag enforceHostnames requireCn serverFlag "
        "useCsrCommonName useCsrSans",
    ),
    **named(LIST, "allowedDomains allowedOtherSans allowedSerialNumbers allowedUriSans allowedUserIds"),
    "extKeyUsages": _many("ext_key_usage"),
    "extKeyUsageOids": _many("ext_key_usage_oids"),
    "countries": _many("country"),
    "localities": _many("locality"),
    "organizations": _many("organization"),
    "organizationUnit": _many("ou"),
    "postalCodes": _many("postal_code"),
    "provinces": _many("province"),
    "streetAddresses": _many("street_address"),
    "policyIdentifiers": LIST,
    "keyUsages": Prop(member="key_usage", out="key_usage", kept=True),
    "cnValidations": KEPT,
    "keyType": Prop(default="rsa"),
    "keyBits": KEPT,
    "signatureBits": KEPT,
    "serialNumberSource": KEPT,
}

ROLE = row(
    type="vault:pkiSecret/secretBackendRole:SecretBackendRole",
    identity="{backend}/roles/{name}",
    create=(Call("POST {backend}/roles/{name}"),),
    read=(Call("GET {backend}/roles/{name}"),),
    # Vault keeps nothing that a request does not repeat: they all go each time.
    update=(Call("POST {backend}/roles/{name}", on=tuple(_ROLE)),),
    delete=(Call("DELETE {backend}/roles/{name}"),),
    properties={"backend": Prop(out="$backend"), "name": Prop(out="$name"), **_ROLE},
    # Metadata is Enterprise's; the block `policyIdentifier` and the list `policyIdentifiers` are the same field.
    absent=(*NAMESPACE, "noStoreMetadata", "parameterSet", "policyIdentifier"),
    autoname="name",
    unique=("backend", "name"),
)

ROWS = (ROLE,)
