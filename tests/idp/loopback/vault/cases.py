"""For each resource type: inputs with which it can be made, what updates it, what replaces it, how it drifts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .conftest import CERT_REQUEST, ROOT_CERT, SIGN, World

Inputs = dict[str, Any]
Value = Any


@dataclass(frozen=True)
class Case:
    token: str
    minimal: Callable[[World], Inputs]
    updates: Mapping[str, Callable[[World, Inputs], Value]] = field(default_factory=dict)
    replaces: Mapping[str, Callable[[World, Inputs], Value]] = field(default_factory=dict)
    together: Mapping[str, Inputs] = field(default_factory=dict)
    """What must be there too, for a property to be changed."""
    full: Callable[[World, Inputs], Inputs] = lambda _, __: {}
    """What is added to the minimal inputs, beside every update."""
    outputs: tuple[str, ...] = ()
    """Outputs that must be told."""
    stays: bool = False
    """Whether a deletion leaves it (`read` still finds it)."""
    drift: Callable[[World, str, Inputs], tuple[str, Inputs]] | None = None
    """The path and the body that somebody writes behind the plugin's back, by id and inputs."""
    drifted: str = ""
    """The property in which that shows."""


def const(value: Value) -> Callable[[World, Inputs], Value]:
    return lambda _, __: value


def public_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def rotated(world: World, inputs: Inputs) -> int:
    """Give a transit key a second version."""
    world.vault.write(f"{inputs['backend']}/keys/{inputs['name']}/rotate")
    return 2


def running(world: World, inputs: Inputs) -> str:
    return str(world.vault.read(f"sys/mounts/{inputs['path']}")["data"]["running_plugin_version"])


KEYS = [public_key(), public_key()]
HEADERS = ["X-One", "X-Two"]
TUNE = {"defaultLeaseTtl": "1h", "maxLeaseTtl": "2h", "listingVisibility": "unauth", "tokenType": "batch"}
TUNED = {
    "description": const("another"),
    "defaultLeaseTtlSeconds": const(60),
    "maxLeaseTtlSeconds": const(3600),
    "auditNonHmacRequestKeys": const(["one"]),
    "auditNonHmacResponseKeys": const(["two"]),
    "listingVisibility": const("unauth"),
    "passthroughRequestHeaders": const(HEADERS),
    "allowedResponseHeaders": const(HEADERS),
    "delegatedAuthAccessors": lambda w, _: w.accessors[:1],
}
FIXED = {"local": const(True), "sealWrap": const(True), "forceNoCache": const(True)}
TOKEN = {
    "tokenBoundCidrs": const(["10.0.0.0/8"]),
    "tokenPolicies": const(["one", "two"]),
    "tokenExplicitMaxTtl": const(7200),
    "tokenMaxTtl": const(3600),
    "tokenNumUses": const(3),
    "tokenPeriod": const(60),
    "tokenTtl": const(600),
    "tokenNoDefaultPolicy": const(True),
    "tokenType": const("batch"),
}

SYSTEM = (
    Case(
        "vault:index/audit:Audit",
        lambda w: {
            "path": w.unique("audit"),
            "type": "file",
            "options": {"file_path": str(w.vault.folder / "audit.log")},
        },
        replaces={
            "path": const("elsewhere"),
            "type": const("syslog"),
            "description": const("another"),
            "options": const({"file_path": "/dev/null"}),
            "local": const(True),
        },
    ),
    Case(
        "vault:index/policy:Policy",
        lambda _: {"policy": 'path "a/*" { capabilities = ["read"] }'},
        updates={"policy": const('path "b/*" { capabilities = ["list"] }')},
        replaces={"name": const("another")},
        drift=lambda _, identity, __: (f"sys/policies/acl/{identity}", {"policy": 'path "c" { capabilities = [] }'}),
        drifted="policy",
    ),
    Case(
        "vault:index/quotaRateLimit:QuotaRateLimit",
        lambda w: {"rate": 100, "path": w.kv[0] + "/"},
        updates={"rate": const(200.5), "interval": const(2), "blockInterval": const(5)},
        replaces={"name": const("another"), "path": lambda w, _: w.kv[1]},
        drift=lambda _, identity, inputs: (
            f"sys/quotas/rate-limit/{identity}",
            {"rate": 7, "path": inputs["path"]},
        ),
        drifted="rate",
    ),
    Case(
        "vault:index/quotaRateLimit:QuotaRateLimit",
        lambda w: {"rate": 1000, "path": f"auth/{w.auth('approle')}"},
        replaces={"role": const("one")},
    ),
    Case(
        "vault:index/plugin:Plugin",
        lambda w: {
            "type": "secret",
            "name": w.unique("plugin"),
            "command": "vault-plugin-secrets-aws",
            "sha256": w.vault.sha256("vault-plugin-secrets-aws"),
        },
        updates={
            "args": const(["-x"]),
            "command": const("vault-plugin-auth-kubernetes"),
            "sha256": const("0" * 64),
            "envs": const(["A=b"]),
        },
        replaces={"name": const("another"), "type": const("auth"), "version": const("v1.0.0")},
    ),
    Case(
        "vault:index/plugin:Plugin",
        lambda w: {
            "type": "database",
            "name": w.unique("plugin"),
            "version": "v0.1.0",
            "command": "vault-plugin-database-postgresql",
            "sha256": w.vault.sha256("vault-plugin-database-postgresql"),
        },
    ),
)

MOUNTS = (
    Case(
        "vault:index/mount:Mount",
        lambda w: {"path": w.unique("mount"), "type": "kv"},
        updates={"options": const({"version": "2"}), "pluginVersion": running, **TUNED},
        replaces={"path": const("elsewhere"), "type": const("transit"), **FIXED},
        outputs=("accessor",),
        drift=lambda _, identity, __: (f"sys/mounts/{identity}/tune", {"max_lease_ttl": "99s"}),
        drifted="maxLeaseTtlSeconds",
    ),
    Case(
        "vault:index/authBackend:AuthBackend",
        lambda w: {"path": w.unique("team/auth"), "type": "approle"},
        updates={"description": const("another"), "tune": const(TUNE)},
        replaces={"path": const("elsewhere"), "type": const("userpass"), "local": const(True)},
        outputs=("accessor",),
        drift=lambda _, identity, __: (f"sys/auth/{identity}/tune", {"default_lease_ttl": "99s"}),
        drifted="tune",
    ),
)

JWT = (
    Case(
        "vault:jwt/authBackend:AuthBackend",
        lambda w: {"path": w.unique("jwt"), "jwtValidationPubkeys": KEYS[:1]},
        updates={
            "description": const("another"),
            "tune": const(TUNE),
            "boundIssuer": const("https://gitlab.example"),
            "defaultRole": const("role"),
            "jwtSupportedAlgs": const(["ES256", "RS256"]),
            "jwtValidationPubkeys": const(KEYS),
            "namespaceInState": const(False),
        },
        replaces={"path": const("elsewhere"), "type": const("oidc"), "local": const(True)},
        outputs=("accessor",),
        drift=lambda _, identity, __: (
            f"auth/{identity}/config",
            {"bound_issuer": "https://stray.example", "jwt_validation_pubkeys": KEYS[:1]},
        ),
        drifted="boundIssuer",
    ),
    Case(
        "vault:jwt/authBackendRole:AuthBackendRole",
        lambda w: {
            "backend": w.jwt[0],
            "roleName": w.unique("role"),
            "roleType": "jwt",
            "userClaim": "user_email",
            "boundAudiences": ["https://vault.example"],
        },
        updates={
            "userClaim": const("sub"),
            "allowedRedirectUris": const(["https://vault.example/callback"]),
            "boundAudiences": const(["one", "two"]),
            "boundClaims": const({"project_id": "22", "ref": "main,release/*"}),
            "boundClaimsType": const("glob"),
            "boundSubject": const("subject"),
            "claimMappings": const({"project_path": "project"}),
            "clockSkewLeeway": const(10),
            "expirationLeeway": const(20),
            "notBeforeLeeway": const(30),
            "groupsClaim": const("groups"),
            "maxAge": const(40),
            "oidcScopes": const(["profile"]),
            "userClaimJsonPointer": const(True),
            "verboseOidcLogging": const(True),
            **TOKEN,
        },
        replaces={
            "backend": lambda w, _: w.jwt[1],
            "roleName": const("another"),
            "roleType": const("oidc"),
        },
        together={
            "maxAge": {"roleType": "oidc", "allowedRedirectUris": ["https://vault.example/callback"]},
            "userClaimJsonPointer": {"userClaim": "/user/email"},
            "tokenType": {"tokenNumUses": 0, "tokenPeriod": 0},
        },
        drift=lambda _, identity, inputs: (
            identity,
            {
                "role_type": "jwt",
                "user_claim": inputs["userClaim"],
                "bound_audiences": inputs["boundAudiences"],
                "token_policies": ["stray"],
            },
        ),
        drifted="tokenPolicies",
    ),
)

KUBERNETES = (
    Case(
        "vault:kubernetes/authBackendConfig:AuthBackendConfig",
        lambda w: {
            "backend": w.auth("kubernetes"),
            "kubernetesHost": "https://10.0.0.1:443",
            "kubernetesCaCert": certificate(w, 0),
        },
        updates={
            "kubernetesHost": const("https://10.0.0.2:443"),
            "kubernetesCaCert": lambda w, _: certificate(w, 1),
            "pemKeys": const(KEYS[:1]),
            "issuer": const("https://issuer.example"),
            "disableIssValidation": const(False),
            "disableLocalCaJwt": const(True),
            "useAnnotationsAsAliasMetadata": const(True),
            "tokenReviewerJwt": const("a.b.c"),
        },
        replaces={"backend": lambda w, _: w.kubernetes[1]},
        stays=True,
        drift=lambda _, identity, __: (
            identity,
            {"kubernetes_host": "https://stray.example", "disable_local_ca_jwt": True},
        ),
        drifted="kubernetesHost",
    ),
    Case(
        "vault:kubernetes/authBackendRole:AuthBackendRole",
        lambda w: {
            "backend": w.kubernetes[0],
            "roleName": w.unique("role"),
            "boundServiceAccountNames": ["default"],
            "boundServiceAccountNamespaces": ["team"],
        },
        updates={
            "boundServiceAccountNames": const(["one", "two"]),
            "boundServiceAccountNamespaces": const(["three"]),
            "boundServiceAccountNamespaceSelector": const('{"matchLabels":{"team":"one"}}'),
            "audience": const("vault"),
            "aliasNameSource": const("serviceaccount_name"),
            **TOKEN,
        },
        replaces={"backend": lambda w, _: w.kubernetes[1], "roleName": const("another")},
        together={"tokenType": {"tokenNumUses": 0, "tokenPeriod": 0}},
        drift=lambda _, identity, __: (identity, {"token_ttl": 99}),
        drifted="tokenTtl",
    ),
)

KV = (
    Case(
        "vault:kv/secretBackendV2:SecretBackendV2",
        lambda w: {"mount": w.mount("kv", options={"version": "2"})},
        updates={"casRequired": const(True), "maxVersions": const(5), "deleteVersionAfter": const(12600)},
        replaces={"mount": lambda w, _: w.kv[1]},
        stays=True,
        drift=lambda _, identity, __: (identity, {"max_versions": 9}),
        drifted="maxVersions",
    ),
    Case(
        "vault:kv/secretV2:SecretV2",
        lambda w: {"mount": w.kv[0], "dataJson": '{"user": "a", "nested": {"x": 1}}', "deleteAllVersions": True},
        updates={
            "dataJson": const('{"user": "b"}'),
            "customMetadata": const({"maxVersions": 3, "data": {"owner": "team"}, "deleteVersionAfter": 3600}),
        },
        replaces={"mount": lambda w, _: w.kv[1], "name": const("another")},
        outputs=("path", "metadata"),
        drift=lambda _, identity, __: (identity, {"data": {"user": "stray"}}),
        drifted="dataJson",
    ),
)

TRANSIT = (
    Case(
        "vault:transit/secretBackendKey:SecretBackendKey",
        lambda w: {"backend": w.transit[0], "deletionAllowed": True},
        updates={
            "allowPlaintextBackup": const(True),
            "exportable": const(True),
            "autoRotatePeriod": const(86400),
            "deletionAllowed": const(False),
            "minEncryptionVersion": const(1),
            "minDecryptionVersion": rotated,
        },
        replaces={
            "backend": lambda w, _: w.transit[1],
            "name": const("another"),
            "type": const("ed25519"),
            "derived": const(True),
            "convergentEncryption": const(True),
            "context": const("Y29udGV4dA=="),
            "keySize": const(32),
            "parameterSet": const("44"),
            "hybridKeyTypeEc": const("ecdsa-p256"),
            "hybridKeyTypePqc": const("ml-dsa"),
        },
        outputs=("keys", "latestVersion", "minAvailableVersion", "supportsEncryption"),
        drift=lambda _, identity, __: (f"{identity}/config", {"auto_rotate_period": 7200}),
        drifted="autoRotatePeriod",
    ),
    Case(
        "vault:transit/secretBackendKey:SecretBackendKey",
        lambda w: {"backend": w.transit[0], "deletionAllowed": True, "type": "ecdsa-p256"},
        outputs=("keys", "supportsSigning"),
    ),
    Case(
        "vault:transit/secretBackendKey:SecretBackendKey",
        lambda w: {"backend": w.transit[0], "deletionAllowed": True, "type": "hmac", "keySize": 64},
    ),
)


def certificate(world: World, index: int) -> str:
    return str(world.vault.read(f"{world.pki[index]}/cert/ca")["data"]["certificate"])


SUBJECT = {
    "commonName": const("Another"),
    "country": const("DE"),
    "locality": const("Berlin"),
    "organization": const("Example"),
    "ou": const("Platform"),
    "postalCode": const("10115"),
    "province": const("Berlin"),
    "streetAddress": const("Street 1"),
    "altNames": const(["a.example", "b.example"]),
    "ipSans": const(["10.0.0.1"]),
    "otherSans": const(["1.3.6.1.4.1.311.20.2.3;utf8:a@b.example"]),
    "uriSans": const(["spiffe://one"]),
    "excludeCnFromSans": const(True),
    "format": const("pem_bundle"),
    "signatureBits": const(384),
}
CONSTRAINTS = {
    "excludedDnsDomains": const(["x.example"]),
    "excludedEmailAddresses": const(["x@x.example"]),
    "excludedIpRanges": const(["10.1.0.0/16"]),
    "excludedUriDomains": const(["u.example"]),
    "permittedDnsDomains": const(["example"]),
    "permittedEmailAddresses": const(["example"]),
    "permittedIpRanges": const(["10.0.0.0/8"]),
    "permittedUriDomains": const(["example"]),
}
KEY = {
    "type": const("exported"),
    "privateKeyFormat": const("pkcs8"),
    "keyType": const("ec"),
    "keyBits": const(256),
    "keyName": const("key"),
    "keyRef": const("default"),
    "keyUsages": const(["DigitalSignature"]),
}

OFF_AT_FIRST = (
    "allowAnyName allowBareDomains allowGlobDomains allowSubdomains allowedDomainsTemplate allowedUriSansTemplate "
    "basicConstraintsValidForNonCa codeSigningFlag emailProtectionFlag generateLease noStore usePss"
)
ON_AT_FIRST = (
    "allowIpSans allowLocalhost allowWildcardCertificates clientFlag enforceHostnames requireCn serverFlag "
    "useCsrCommonName useCsrSans"
)

PKI = (
    Case(
        ROOT_CERT,
        lambda w: {"backend": w.mount("pki"), "type": "internal", "commonName": "Root"},
        replaces={
            "backend": lambda w, _: w.pki[1],
            "issuerName": const("issuer"),
            "maxPathLength": const(1),
            "notAfter": const("2099-01-01T00:00:00Z"),
            "notBeforeDuration": const("60s"),
            "ttl": const("24h"),
            "usePss": const(True),
            **SUBJECT,
            **CONSTRAINTS,
            **KEY,
        },
        full=lambda _, __: {
            "issuerName": "full",
            "keyName": "full",
            "keyType": "rsa",
            "keyBits": 3072,
            "ttl": "24h",
            "maxPathLength": 2,
            **{name: make(None, {}) for name, make in {**SUBJECT, **CONSTRAINTS}.items() if name != "format"},
        },
        outputs=("certificate", "issuerId", "issuingCa", "keyId", "serialNumber"),
        drift=lambda _, identity, __: (identity, {"issuer_name": "stray"}),
        drifted="issuerName",
    ),
    Case(
        CERT_REQUEST,
        lambda w: {"backend": w.pki[1], "type": "exported", "commonName": "Inter"},
        replaces={
            "backend": lambda w, _: w.pki[0],
            "addBasicConstraints": const(True),
            "serialNumber": const("7"),
            **SUBJECT,
            **KEY,
            "type": const("internal"),
        },
        full=lambda w, _: {
            "keyType": "ec",
            "keyBits": 384,
            "keyName": w.unique("key"),
            "addBasicConstraints": True,
            **{name: make(None, {}) for name, make in SUBJECT.items() if name != "format"},
        },
        outputs=("csr", "keyId", "privateKey", "privateKeyType"),
        stays=True,
    ),
    Case(
        SIGN,
        lambda w: {
            "backend": w.pki[0],
            "csr": w.request(w.pki[1]).outputs["csr"],
            "commonName": "Inter",
            "revoke": True,
        },
        replaces={
            "backend": lambda w, _: w.pki[1],
            "csr": const("another"),
            "issuerRef": const("other"),
            "useCsrValues": const(True),
            "keyUsages": const(["DigitalSignature"]),
            "maxPathLength": const(0),
            "notAfter": const("2030-01-01T00:00:00Z"),
            "notBeforeDuration": const("60s"),
            "skid": const("00:11"),
            "ttl": const("24h"),
            "usePss": const(True),
            **SUBJECT,
            **CONSTRAINTS,
        },
        full=lambda _, __: {
            "ttl": "24h",
            "maxPathLength": 0,
            **{name: make(None, {}) for name, make in SUBJECT.items() if name not in ("format", "commonName")},
        },
        outputs=("caChains", "certificate", "certificateBundle", "issuingCa", "serialNumber"),
    ),
    Case(
        "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned",
        lambda w: {"backend": w.pki[1], "certificate": w.signed(w.pki[1])},
        replaces={"backend": lambda w, _: w.pki[0], "certificate": const("another")},
        outputs=("importedIssuers",),
        stays=True,
    ),
    Case(
        "vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls",
        lambda w: {"backend": w.mount("pki"), "issuingCertificates": ["http://127.0.0.1/ca"]},
        updates={
            "crlDistributionPoints": const(["http://127.0.0.1/crl"]),
            "enableTemplating": const(True),
            "issuingCertificates": const(["http://127.0.0.1/another"]),
            "ocspServers": const(["http://127.0.0.1/ocsp"]),
        },
        replaces={"backend": lambda w, _: w.pki[1]},
        stays=True,
        drift=lambda _, identity, __: (identity, {"ocsp_servers": ["http://127.0.0.1/stray"]}),
        drifted="ocspServers",
    ),
    Case(
        "vault:pkiSecret/secretBackendRole:SecretBackendRole",
        lambda w: {"backend": w.pki[0], "allowedDomains": ["svc"], "keyType": "ec"},
        updates={
            **dict.fromkeys(("maxTtl", "ttl"), const("2h")),
            "notAfter": const("2040-01-01T00:00:00Z"),
            "notBeforeDuration": const("1m"),
            "issuerRef": lambda w, _: w.root(w.pki[0]).outputs["issuerId"],
            **dict.fromkeys(OFF_AT_FIRST.split(), const(True)),
            **dict.fromkeys(ON_AT_FIRST.split(), const(False)),
            "allowedDomains": const(["svc", "cluster.local"]),
            "allowedOtherSans": const(["*"]),
            "allowedSerialNumbers": const(["*"]),
            "allowedUriSans": const(["spiffe://*"]),
            "allowedUserIds": const(["u"]),
            "extKeyUsages": const(["ServerAuth"]),
            "extKeyUsageOids": const(["1.3.6.1.5.5.7.3.1"]),
            "countries": const(["DE"]),
            "localities": const(["Berlin"]),
            "organizations": const(["Example"]),
            "organizationUnit": const(["Platform"]),
            "postalCodes": const(["10115"]),
            "provinces": const(["Berlin"]),
            "streetAddresses": const(["Street 1"]),
            "policyIdentifiers": const(["1.2.3.4"]),
            "keyUsages": const(["DigitalSignature"]),
            "cnValidations": const(["disabled"]),
            "keyType": const("rsa"),
            "keyBits": const(384),
            "signatureBits": const(384),
            "serialNumberSource": const("json"),
        },
        replaces={"backend": lambda w, _: w.pki[1], "name": const("another")},
        drift=lambda _, identity, __: (identity, {"allow_any_name": True, "key_type": "ec", "allowed_domains": "svc"}),
        drifted="allowAnyName",
    ),
)

URL = "postgresql://{{username}}:{{password}}@127.0.0.1:1/x"
POSTGRES = {"connectionUrl": URL, "username": "admin-of-it", "password": "first-password"}

DATABASE = (
    Case(
        "vault:database/secretBackendConnection:SecretBackendConnection",
        lambda w: {"backend": w.database[0], "postgresql": POSTGRES, "verifyConnection": False},
        updates={
            "allowedRoles": const(["one", "two"]),
            "passwordPolicy": const("strong"),
            "pluginName": lambda w, _: other_plugin(w),
            "postgresql": const(
                {**POSTGRES, "maxOpenConnections": 7, "maxConnectionLifetime": 90, "username": "other"}
            ),
            "rootRotationStatements": const(["ALTER USER x"]),
        },
        replaces={"backend": lambda w, _: w.database[1], "name": const("another")},
        drift=lambda _, identity, __: (identity, {"allowed_roles": ["stray"], "verify_connection": False}),
        drifted="allowedRoles",
    ),
    Case(
        "vault:database/secretBackendRole:SecretBackendRole",
        lambda w: {"backend": w.database[0], "dbName": "db", "creationStatements": ["CREATE ROLE x"]},
        updates={
            "dbName": const("another"),
            "creationStatements": const(["CREATE ROLE y", "GRANT z"]),
            "renewStatements": const(["a"]),
            "revocationStatements": const(["b"]),
            "rollbackStatements": const(["c"]),
            "defaultTtl": const(60),
            "maxTtl": const(3600),
            "credentialType": const("rsa_private_key"),
            "credentialConfig": const({"password_policy": "strong"}),
        },
        replaces={"backend": lambda w, _: w.database[1], "name": const("another")},
        drift=lambda _, identity, __: (identity, {"default_ttl": 99}),
        drifted="defaultTtl",
    ),
)


def other_plugin(world: World) -> str:
    name = world.unique("other-database-plugin")
    binary = "vault-plugin-database-postgresql"
    world.vault.write(f"sys/plugins/catalog/database/{name}", sha256=world.vault.sha256(binary), command=binary)
    return name


FALLBACK = {"stsFallbackEndpoints": ["http://127.0.0.1:3"], "stsFallbackRegions": ["eu-west-3"]}

AWS = (
    Case(
        "vault:aws/secretBackend:SecretBackend",
        lambda w: {
            "path": w.unique("aws"),
            "region": "eu-central-1",
            "accessKey": "AKIAONE",
            "secretKey": "secret-one",
        },
        updates={
            "accessKey": const("AKIATWO"),
            "secretKey": const("secret-two"),
            "region": const("eu-west-1"),
            "iamEndpoint": const("http://127.0.0.1:1"),
            "stsEndpoint": const("http://127.0.0.1:1"),
            "stsRegion": const("eu-west-1"),
            "stsFallbackEndpoints": const(["http://127.0.0.1:2"]),
            "stsFallbackRegions": const(["eu-west-2"]),
            "usernameTemplate": const("{{ .DisplayName }}"),
            "maxRetries": const(3),
            **TUNED,
        },
        replaces={"path": const("elsewhere"), **FIXED},
        together={
            "stsEndpoint": {"stsRegion": "eu-central-1"},
            "stsFallbackEndpoints": FALLBACK,
            "stsFallbackRegions": FALLBACK,
        },
        outputs=("accessor",),
        drift=lambda _, identity, __: (f"{identity}/config/root", {"region": "us-east-1", "access_key": "AKIAONE"}),
        drifted="region",
    ),
    Case(
        "vault:aws/secretBackendRole:SecretBackendRole",
        lambda w: {
            "backend": w.aws[0],
            "credentialType": "assumed_role",
            "roleArns": ["arn:aws:iam::111122223333:role/one"],
        },
        updates={
            "roleArns": const(["arn:aws:iam::111122223333:role/two"]),
            "policyArns": const(["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
            "policyDocument": const(json.dumps({"Version": "2012-10-17", "Statement": []})),
            "iamGroups": const(["group"]),
            "sessionTags": const({"a": "b"}),
            "defaultStsTtl": const(900),
            "maxStsTtl": const(3600),
            "externalId": const("external"),
        },
        replaces={"backend": lambda w, _: w.aws[1], "name": const("another")},
        drift=lambda _, identity, inputs: (
            identity,
            {"credential_type": "assumed_role", "role_arns": inputs["roleArns"], "max_sts_ttl": 99},
        ),
        drifted="maxStsTtl",
    ),
    Case(
        "vault:aws/secretBackendRole:SecretBackendRole",
        lambda w: {"backend": w.aws[0], "credentialType": "iam_user", "policyArns": ["arn:aws:iam::aws:policy/X"]},
        updates={
            "credentialType": const("federation_token"),
            "iamTags": const({"a": "b"}),
            "userPath": const("/team/"),
            "permissionsBoundaryArn": const("arn:aws:iam::111122223333:policy/boundary"),
            "mfaSerialNumber": const("arn:aws:iam::111122223333:mfa/device"),
        },
        together={"mfaSerialNumber": {"credentialType": "session_token", "policyArns": []}},
    ),
)

IDENTITY = (
    Case(
        "vault:identity/group:Group",
        lambda _: {"metadata": {"a": "b"}},
        updates={
            "name": lambda w, _: w.unique("group"),
            "policies": const(["one"]),
            "metadata": const({"a": "c"}),
            "memberEntityIds": lambda w, _: [w.entity()],
            "memberGroupIds": lambda w, _: [w.made("vault:identity/group:Group").id],
        },
        replaces={"type": const("external")},
        drift=lambda _, identity, __: (f"identity/group/id/{identity}", {"policies": ["stray"]}),
        drifted="policies",
    ),
    Case(
        "vault:identity/groupAlias:GroupAlias",
        lambda w: {"name": w.unique("alias"), "mountAccessor": w.accessors[0], "canonicalId": w.group()},
        updates={
            "name": lambda w, _: w.unique("alias"),
            "canonicalId": lambda w, _: w.group(),
            "mountAccessor": lambda w, _: w.accessors[1],
        },
        drift=lambda _, identity, inputs: (
            f"identity/group-alias/id/{identity}",
            {
                "name": "stray",
                "mount_accessor": inputs["mountAccessor"],
                "canonical_id": inputs["canonicalId"],
            },
        ),
        drifted="name",
    ),
)

CASES = (*SYSTEM, *MOUNTS, *JWT, *KUBERNETES, *KV, *TRANSIT, *PKI, *DATABASE, *AWS, *IDENTITY)
