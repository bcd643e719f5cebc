"""Every row of the tables against the real SDK: each property is supported or refused by name, nothing is invented."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import jmespath
import pytest

from idp.loopback.provider import offers, schema
from idp.loopback.provider.table import BRACES, Call, Quirk, Row, Step, property_of, references
from idp.loopback.vault.client import Client, Server
from idp.loopback.vault.tables import ROWS

from .cases import CASES

ROW = pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.type.split(":", 1)[-1].replace("/", "-"))
API = Client(Server("http://127.0.0.1:1"))

WANTED = """
index: Audit AuthBackend Mount Plugin Policy QuotaRateLimit
jwt: AuthBackend AuthBackendRole
kubernetes: AuthBackendConfig AuthBackendRole
kv: SecretBackendV2 SecretV2
transit: SecretBackendKey
pkiSecret: SecretBackendRootCert SecretBackendIntermediateCertRequest SecretBackendRootSignIntermediate
  SecretBackendIntermediateSetSigned SecretBackendConfigUrls SecretBackendRole
database: SecretBackendConnection SecretBackendRole
aws: SecretBackend SecretBackendRole
identity: Group GroupAlias
"""
NAMES = ("id", "item", "created")


def _wanted() -> Iterator[str]:
    module = ""
    for word in WANTED.split():
        if word.endswith(":"):
            module = word[:-1]
        else:
            yield f"vault:{module}/{word[0].lower()}{word[1:]}:{word}"


def steps(row: Row) -> Iterator[Step]:
    yield from (*row.create, *row.after, *row.read, *row.update, *row.delete)


@cache
def _schema(token: str) -> schema.Schema:
    return schema.load("pulumi_vault", token)


def test_the_types_are_all_there() -> None:
    assert set(ROWS) == set(_wanted())


def test_each_type_has_a_case() -> None:
    assert {case.token for case in CASES} == set(ROWS)


@ROW
def test_each_property_of_the_sdk_is_supported_or_refused(row: Row) -> None:
    described = _schema(row.type)
    inputs, outputs = set(described.inputs), set(described.outputs)
    assert set(row.properties) <= inputs
    assert not set(row.properties) & set(row.absent)
    assert inputs == set(row.properties) | (set(row.absent) & inputs)
    assert set(row.absent) - {"namespace"} <= inputs | outputs
    assert set(row.computed) <= outputs
    assert not set(row.computed) & set(row.absent)
    assert described.required <= set(row.properties)
    assert not row.regional
    if row.autoname:
        assert row.autoname in row.properties
    assert set(row.unique) <= set(row.properties)


@ROW
def test_write_only_properties_are_so_by_the_sdks_word(row: Row) -> None:
    documented = {
        name
        for name, text in _schema(row.type).documentation.items()
        if "write-only and its value" in " ".join(text.split())
    }
    assert {name for name, prop in row.properties.items() if prop.version} == documented
    for name in documented:
        prop = row.properties[name]
        assert row.properties[prop.version].local
        carriers = [step for step in row.update if prop.version in step.on]
        assert carriers, f"a new {prop.version} sends nothing"
        assert all(name in step.on for step in carriers)


@ROW
def test_secrets_are_so_by_the_sdks_word_and_more(row: Row) -> None:
    described = _schema(row.type)
    known = described.secret.union(row.secret)
    suspicious = ("password", "secretkey", "privatekey", "clientsecret", "reviewerjwt")
    for name in {*row.properties, *row.computed}:
        if any(word in name.lower() for word in suspicious) and described.outputs[name].name == "string":
            assert name in known or name in NO_SECRETS, name


NO_SECRETS = {"passwordPolicy", "privateKeyFormat", "privateKeyType"}


@ROW
def test_references_mean_something(row: Row) -> None:
    known = {*row.properties, *row.derived, *NAMES, *BRACES.findall(row.identity)}
    outputs = set(_schema(row.type).outputs)
    for step in steps(row):
        assert set(step.on) <= set(row.properties)
        if not isinstance(step, Call):
            continue
        templates = [f"{{{name}}}" for name in BRACES.findall(step.operation)]
        templates += [*step.members.values(), step.each, step.needs, step.unless, step.pick]
        for template in templates:
            for reference in references(template):
                name = property_of(reference)
                assert name in known or (reference.startswith("state.") and name in outputs) or _answered(reference)
        if step.pick:
            jmespath.compile(BRACES.sub("'x'", step.pick))
    for template in (*row.derived.values(), *row.computed.values()):
        for reference in references(template):
            name = property_of(reference)
            assert name in known or (reference.startswith("state.") and name in outputs) or _answered(reference)


def _answered(reference: str) -> bool:
    """Return whether it speaks of a creation's answer: its words are Vault's, with underscores."""
    return reference.startswith("created") or "_" in reference


@ROW
def test_each_property_goes_somewhere(row: Row) -> None:
    """No property is taken and then forgotten: a request carries it, or the provider uses it itself."""
    carried = offers.carried(API, row)
    updated = {name for step in row.update for name in step.on}
    used = {name for step in steps(row) if isinstance(step, Call) for name in BRACES.findall(step.operation)}
    used |= {
        property_of(reference)
        for step in steps(row)
        if isinstance(step, Call)
        for template in (*step.members.values(), step.each, step.needs, step.unless)
        for reference in references(template)
    }
    used |= {property_of(reference) for template in row.derived.values() for reference in references(template)}
    for name, prop in row.properties.items():
        quirks = any(isinstance(step, Quirk) for step in steps(row))
        assert name in carried | updated | used or (prop.local and (quirks or name == "disableRemount")), name


@ROW
def test_each_updated_property_reaches_its_call(row: Row) -> None:
    for step in row.update:
        assert isinstance(step, Call)
        for name in step.on:
            prop = row.properties[name]
            by_name = step.by_name and not prop.local
            assert by_name or name in offers.mentioned(step) or _versions(row, name), f"{step.operation}: {name}"


def _versions(row: Row, name: str) -> bool:
    return any(prop.version == name for prop in row.properties.values())


@ROW
def test_each_updatable_or_replacing_property_has_a_test(row: Row) -> None:
    cases = [case for case in CASES if case.token == row.type]
    updates = {name for case in cases for name in case.updates}
    replaces = {name for case in cases for name in case.replaces}
    assert replaces == row.replacing()
    hidden = {name for name, prop in row.properties.items() if prop.local or prop.version}
    updatable = {name for step in row.update for name in step.on} - hidden
    assert updatable - updates <= UNTESTED.get(row.type, set())


UNTESTED = {
    # What Vault asks at once: it would need an identity provider to be there.
    "vault:jwt/authBackend:AuthBackend": {
        "jwksCaPem",
        "jwksPairs",
        "jwksUrl",
        "oidcClientId",
        "oidcClientSecret",
        "oidcDiscoveryCaPem",
        "oidcDiscoveryUrl",
        "oidcResponseMode",
        "oidcResponseTypes",
        "providerConfig",
    },
    # An external plugin of the tests has one version only.
    "vault:aws/secretBackend:SecretBackend": {"pluginVersion"},
    # A connection that is verified needs a database.
    "vault:database/secretBackendConnection:SecretBackendConnection": {"pluginVersion", "verifyConnection"},
}
"""Updates without a test of their own, and why; each is one member of a call that is tested."""


@ROW
def test_each_changeable_type_has_a_drift(row: Row) -> None:
    told = [name for step in row.update for name in step.on if row.properties[name].out is not None]
    drifts = {case.token for case in CASES if case.drift}
    assert row.type in drifts or not told or row.type == "vault:index/plugin:Plugin"
