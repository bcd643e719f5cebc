"""Certificates: what they say, what they are signed by, when they are replaced."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from idp.loopback.cluster import certificates
from idp.loopback.cluster.layout import Layout

LEAVES = certificates.CLIENTS + certificates.SERVERS
NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


def contents(layout: Layout) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in layout.pki.iterdir()}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.of(tmp_path)
    certificates.ensure(made)
    return made


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.name)
def test_leaf_says_what_it_should_and_verifies_against_its_authority_only(
    layout: Layout, leaf: certificates.Leaf
) -> None:
    pair = certificates.read(layout.pki / f"{leaf.name}.pem")
    assert pair is not None
    subject = pair.certificate.subject
    assert [a.value for a in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [leaf.common_name]
    groups = [a.value for a in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    assert groups == ([leaf.organization] if leaf.organization else [])
    for name in certificates.AUTHORITIES:
        authority = certificates.read(layout.pki / f"{name}.pem")
        assert authority is not None
        if name == leaf.authority:
            pair.certificate.verify_directly_issued_by(authority.certificate)
        else:
            with pytest.raises((ValueError, InvalidSignature)):
                pair.certificate.verify_directly_issued_by(authority.certificate)
    purposes = set(pair.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    assert (ExtendedKeyUsageOID.CLIENT_AUTH in purposes) == leaf.client
    assert (ExtendedKeyUsageOID.SERVER_AUTH in purposes) == bool(leaf.hosts)


def test_api_server_is_trusted_by_a_strict_verifier(layout: Layout) -> None:
    pair = certificates.read(layout.pki / "kube-apiserver.pem")
    authority = certificates.read(layout.pki / "ca.pem")
    assert pair
    assert authority
    verifier = (
        PolicyBuilder()
        .store(Store([authority.certificate]))
        .build_server_verifier(x509.DNSName("kubernetes.default.svc"))
    )
    assert len(verifier.verify(pair.certificate, [])) == 2


def test_nothing_but_root_reads_them_and_ssl_takes_the_joined_file(layout: Layout) -> None:
    assert {path.stat().st_mode & 0o777 for path in layout.pki.iterdir()} == {0o600}
    ssl.create_default_context().load_cert_chain(str(layout.pki / "admin.pem"))


def test_second_call_changes_nothing(layout: Layout) -> None:
    before = contents(layout)
    certificates.ensure(layout)
    assert contents(layout) == before


@pytest.mark.parametrize("name", sorted({leaf.name for leaf in LEAVES}))
@pytest.mark.parametrize("damage", ["missing", "empty", "garbage", "foreign key"])
def test_damaged_leaf_is_replaced_and_nothing_else(layout: Layout, name: str, damage: str) -> None:
    before = contents(layout)
    path = layout.pki / f"{name}.pem"
    other = (layout.pki / ("admin.pem" if name != "admin" else "kubelet.pem")).read_bytes()
    end = b"-----END PRIVATE KEY-----\n"
    damaged = {
        "empty": b"",
        "garbage": b"\x00not pem",
        "foreign key": other.split(end)[0] + end + path.read_bytes().split(end)[1],
    }
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(damaged[damage])
    certificates.ensure(layout)
    after = contents(layout)
    assert {key for key in before if before[key] != after[key]} == {f"{name}.pem"}
    assert certificates.read(path) is not None


def test_new_authority_takes_its_leaves_and_the_identity_with_it(layout: Layout) -> None:
    before, identity = contents(layout), certificates.fingerprint(layout)
    (layout.pki / "ca.pem").unlink()
    certificates.ensure(layout)
    after = contents(layout)
    unchanged = {name for name in before if before[name] == after[name]}
    assert unchanged == {
        "etcd-ca.pem",
        "etcd-ca.crt",
        "etcd.pem",
        "etcd-client.pem",
        "service-accounts.key",
        "service-accounts.pub",
    }
    assert certificates.fingerprint(layout) != identity


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-1, False), (0, True), (334, True), (336, False), (366, False)],
)
def test_leaf_fits_until_a_month_before_its_end(days: int, expected: bool) -> None:
    authority = certificates.authority("test", NOW)
    leaf = certificates.SERVERS[0]
    pair = certificates.issue(leaf, authority, NOW)
    assert certificates.fits(pair, leaf, authority, NOW + dt.timedelta(days=days)) is expected


@pytest.mark.parametrize(
    "other",
    [
        certificates.Leaf("a", "other", "group", ("a.example",)),
        certificates.Leaf("a", "user", "other", ("a.example",)),
        certificates.Leaf("a", "user", None, ("a.example",)),
        certificates.Leaf("a", "user", "group", ("a.example", "10.0.0.1")),
        certificates.Leaf("a", "user", "group", ()),
        certificates.Leaf("a", "user", "group", ("a.example",), client=False),
    ],
)
def test_leaf_does_not_fit_when_what_it_should_say_changed(other: certificates.Leaf) -> None:
    authority = certificates.authority("test", NOW)
    leaf = certificates.Leaf("a", "user", "group", ("a.example",))
    pair = certificates.issue(leaf, authority, NOW)
    assert certificates.fits(pair, leaf, authority, NOW)
    assert not certificates.fits(pair, other, authority, NOW)
    assert not certificates.fits(pair, leaf, certificates.authority("test", NOW), NOW)


def test_only_the_administrator_is_a_master(layout: Layout) -> None:
    assert [leaf.name for leaf in LEAVES if leaf.organization == "system:masters"] == ["admin"]
    assert certificates.fingerprint(layout) is not None
