"""The cluster's certificate authorities and what they sign.

Each key lies in one file with its certificate (`NAME.pem`, 0600), so that a crash between two writes
cannot leave a pair that does not fit.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from idp import files
from idp.loopback.cluster import network
from idp.loopback.cluster.layout import Layout

AUTHORITY_DAYS = 3650
LEAF_DAYS = 365
RENEW_DAYS = 30
"""A leaf with fewer days left is replaced at the next start."""
SKEW = dt.timedelta(minutes=5)
"""How far the clock may have been set back since a certificate was made."""


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def pem(self) -> bytes:
        """Return key and certificate as one PEM text."""
        return private_pem(self.key) + certificate_pem(self.certificate)


@dataclass(frozen=True)
class Leaf:
    """What a certificate says of its holder."""

    name: str
    """The file's name, and what the certificate is for."""
    common_name: str
    """The user name towards the API server, for clients."""
    organization: str | None = None
    """The group towards the API server."""
    hosts: tuple[str, ...] = ()
    """DNS names and IP addresses a server is reached by."""
    authority: str = "ca"
    client: bool = True
    """Whether it may be used to log in."""


CLIENTS = (
    Leaf("admin", "idp-local-admin", "system:masters"),
    Leaf("kube-controller-manager", "system:kube-controller-manager"),
    Leaf("kube-scheduler", "system:kube-scheduler"),
    Leaf("kube-proxy", "system:kube-proxy"),
    Leaf("kube-router", "idp:kube-router"),
    Leaf("volume-provisioner", "idp:volume-provisioner"),
    Leaf("kubelet-client", f"system:node:{network.NODE_NAME}", "system:nodes"),
    Leaf("kube-apiserver-kubelet-client", "idp:kube-apiserver-kubelet-client"),
    Leaf("etcd-client", "kube-apiserver", authority="etcd-ca"),
)
SERVERS = (
    Leaf(
        "kube-apiserver",
        "kube-apiserver",
        hosts=(
            network.NODE_IP,
            network.API_SERVICE_IP,
            "127.0.0.1",
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            f"kubernetes.default.svc.{network.DOMAIN}",
        ),
        client=False,
    ),
    Leaf("kubelet", network.NODE_NAME, hosts=(network.NODE_IP, network.NODE_NAME), client=False),
    # A client too: etcd's peers, even of a cluster of one, log in to each other.
    Leaf("etcd", "etcd", hosts=("127.0.0.1", "localhost"), authority="etcd-ca"),
)
AUTHORITIES = ("ca", "etcd-ca")
"""Two, because kube-controller-manager signs requests with the first: none of those may open etcd."""


def ensure(layout: Layout) -> None:
    """Write whatever certificate or key is missing, no longer fits or is about to expire.

    A new authority takes all that it signed with it. Raises OSError.
    """
    layout.pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = dt.datetime.now(dt.UTC)
    authorities = {name: _ensure_authority(layout.pki, name, now) for name in AUTHORITIES}
    for leaf in CLIENTS + SERVERS:
        _ensure_leaf(layout.pki, leaf, authorities[leaf.authority], now)
    _ensure_account_key(layout.pki)


def fingerprint(layout: Layout) -> str | None:
    """Return `sha256:HEX` of the authority's certificate (DER), the cluster's identity; None before the first start."""
    pair = read(layout.pki / "ca.pem")
    return None if pair is None else "sha256:" + pair.certificate.fingerprint(hashes.SHA256()).hex()


def read(path: Path) -> Pair | None:
    """Return the pair in a PEM file; None if it is missing or damaged."""
    try:
        data = path.read_bytes()
        key = serialization.load_pem_private_key(data, password=None)
        certificate = x509.load_pem_x509_certificate(data)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return Pair(key, certificate)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key as PKCS#8 PEM, unencrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def authority(common_name: str, now: dt.datetime) -> Pair:
    """Return a new self-signed authority that can sign leaves but no further authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name, None)
    certificate = (
        _builder(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(key, certificate)


def issue(leaf: Leaf, by: Pair, now: dt.datetime) -> Pair:
    """Return a new key and certificate for `leaf`, signed by `by`."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_name(leaf.common_name, leaf.organization), by.certificate.subject, key, now, LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(_purposes(leaf)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()),
            critical=False,
        )
    )
    if leaf.hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(_alternatives(leaf)), critical=False)
    return Pair(key, builder.sign(by.key, hashes.SHA256()))


def fits(pair: Pair, leaf: Leaf, by: Pair, now: dt.datetime) -> bool:
    """Return whether a pair is still what `issue` would make, with at least RENEW_DAYS left."""
    certificate = pair.certificate
    try:
        certificate.verify_directly_issued_by(by.certificate)
    except (ValueError, InvalidSignature):
        return False
    if not _valid(certificate, now) or certificate.subject != _name(leaf.common_name, leaf.organization):
        return False
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return _hosts(certificate) == set(leaf.hosts) and set(purposes) == set(_purposes(leaf))


def _ensure_authority(folder: Path, name: str, now: dt.datetime) -> Pair:
    pair = read(folder / f"{name}.pem")
    if pair is None or not _valid(pair.certificate, now):
        pair = authority(f"idp-local {name}", now)
        files.write(folder / f"{name}.pem", pair.pem())
    files.write(folder / f"{name}.crt", certificate_pem(pair.certificate))
    return pair


def _ensure_leaf(folder: Path, leaf: Leaf, by: Pair, now: dt.datetime) -> None:
    path = folder / f"{leaf.name}.pem"
    pair = read(path)
    if pair is None or not fits(pair, leaf, by, now):
        files.write(path, issue(leaf, by, now).pem())


def _ensure_account_key(folder: Path) -> None:
    """Write the key that signs service account tokens; the API server wants the public half in a file of its own."""
    path = folder / "service-accounts.key"
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        key = ec.generate_private_key(ec.SECP256R1())
        files.write(path, private_pem(key))
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    files.write(folder / "service-accounts.pub", public)


def _valid(certificate: x509.Certificate, now: dt.datetime) -> bool:
    soon = now + dt.timedelta(days=RENEW_DAYS)
    return certificate.not_valid_before_utc <= now and soon < certificate.not_valid_after_utc


def _name(common_name: str, organization: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization is not None:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _purposes(leaf: Leaf) -> list[x509.ObjectIdentifier]:
    server = [ExtendedKeyUsageOID.SERVER_AUTH] if leaf.hosts else []
    client = [ExtendedKeyUsageOID.CLIENT_AUTH] if leaf.client else []
    return server + client


def _alternatives(leaf: Leaf) -> list[x509.GeneralName]:
    return [_alternative(host) for host in leaf.hosts]


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _hosts(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in names}
