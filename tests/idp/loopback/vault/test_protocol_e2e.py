"""What the engine may ask, beside the life of a resource: write-only values, refusals, logins, half-made resources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from idp.loopback.provider.values import UNKNOWN, pack, unpack

from .cases import KEYS, URL
from .conftest import CERT_REQUEST, World
from .engine import Engine, RefusedError, Resource, urn
from .server import VaultServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SECRET = "vault:kv/secretV2:SecretV2"  # noqa: S105 (a type)
POLICY = "vault:index/policy:Policy"
JWT = "vault:jwt/authBackend:AuthBackend"
CONNECTION = "vault:database/secretBackendConnection:SecretBackendConnection"


def _stored(world: World, secret: Resource) -> Any:  # noqa: ANN401
    return world.vault.read(secret.id)["data"]["data"]


def test_a_write_only_secret_is_written_when_its_version_changes(engine: Engine, world: World) -> None:
    inputs = {
        "mount": world.kv[0],
        "dataJsonWo": '{"a": "first-value"}',
        "dataJsonWoVersion": 1,
        "deleteAllVersions": True,
    }
    secret = engine.create(SECRET, inputs, world.unique("wo"))
    assert _stored(world, secret) == {"a": "first-value"}
    assert "first-value" not in json.dumps(secret.outputs)
    assert "dataJsonWo" not in secret.outputs
    refreshed = engine.refresh(secret)
    assert refreshed is not None
    assert "first-value" not in json.dumps(refreshed.outputs)
    changed = {**secret.inputs, "dataJsonWo": '{"a": "second-value"}'}
    assert not engine.diff(secret, changed)
    diff = engine.diff(secret, {**changed, "dataJsonWoVersion": 2})
    assert list(diff.paths) == ["dataJsonWoVersion"]
    assert diff.replaces == []
    updated = engine.update(secret, {**changed, "dataJsonWoVersion": 2})
    assert _stored(world, updated) == {"a": "second-value"}
    assert "second-value" not in json.dumps(updated.outputs)
    engine.delete(updated)


def test_a_database_password_is_sent_only_when_it_changes(engine: Engine, world: World, tmp_path: Path) -> None:
    """Vault rotates it; the program's old one, sent along with another change, would break the connection."""
    block = {"connectionUrl": URL, "username": "root-of-it", "passwordWo": "first-value", "passwordWoVersion": 1}
    inputs = {"backend": world.database[0], "postgresql": block, "verifyConnection": False}
    world.vault.write("sys/audit/raw", type="file", options={"file_path": str(tmp_path / "raw"), "log_raw": "true"})
    made = engine.create(CONNECTION, inputs, world.unique("wo"))
    assert "first-value" not in json.dumps(made.outputs)
    roles = engine.update(made, {**made.inputs, "allowedRoles": ["one"]})
    assert not engine.diff(roles, {**roles.inputs, "postgresql": {**block, "passwordWo": "other"}})
    other = {**block, "passwordWo": "second-value", "passwordWoVersion": 2}
    assert engine.diff(roles, {**roles.inputs, "postgresql": other})
    updated = engine.update(roles, {**roles.inputs, "postgresql": other})
    refreshed = engine.refresh(updated)
    assert refreshed is not None
    assert refreshed.outputs == updated.outputs
    engine.delete(updated)
    world.vault.delete("sys/audit/raw")
    assert _passwords(tmp_path / "raw", made.id) == ["first-value", None, "second-value"]


def _passwords(log: Path, path: str) -> list[str | None]:
    """Return the password in each request that wrote to a path, as the server has it."""
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    requests = [entry["request"] for entry in entries if entry["type"] == "request"]
    return [
        request["data"].get("password")
        for request in requests
        if request["path"] == path and request["operation"] in ("create", "update")
    ]


@pytest.fixture
def fresh(vault: VaultServer) -> Iterator[Engine]:
    """Return an engine that has seen no secret: one that has shows no word that was part of one."""
    started = Engine(vault.address, {"token": vault.token})
    started.configure()
    yield started
    started.server.stop(None)


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ({"dataJsonWo": "{}"}, "dataJsonWo: needs dataJsonWoVersion"),
        ({"dataJsonWo": "{}", "dataJsonWoVersion": 1, "dataJson": "{}"}, "dataJsonWo: conflicts with dataJson"),
        ({"dataJson": "hush-hush"}, "dataJson: must be the JSON text of an object"),
        ({"dataJson": "[1]"}, "dataJson: must be the JSON text of an object"),
        ({"dataJsn": "{}"}, "dataJsn: unknown property, did you mean 'dataJson'?"),
        (
            {"dataJson": "{}", "options": {"cas": "0"}},
            "options: vault:kv/secretV2:SecretV2 has it, but this provider does",
        ),
        (
            {"dataJson": "{}", "namespace": "team"},
            "namespace: vault:kv/secretV2:SecretV2 has it, but this provider does",
        ),
        ({"dataJson": "{}", "cas": "1"}, "cas: a string is not an integer"),
        (
            {"dataJson": "{}", "customMetadata": {"maxVersion": 1}},
            "customMetadata.maxVersion: unknown property, did you",
        ),
        ({"dataJson": "{}", "name": "../../sys/policies/acl/root"}, "name: '../../sys/policies/acl/root' is no path"),
        ({"dataJson": "{}", "name": "a/./b"}, "is no path"),
        ({"dataJson": "{}", "name": "/a"}, "is no path"),
        ({"dataJson": "{}", "name": "a?list=true"}, "is no path"),
        ({"dataJson": "{}", "name": ""}, "name: required, but missing"),
    ],
)
def test_bad_inputs_are_refused_before_anything(fresh: Engine, inputs: dict[str, Any], line: str) -> None:
    _, failures = fresh.check(SECRET, {"mount": "nowhere", **inputs})
    assert len(failures) == 1
    assert line in failures[0]
    assert "hush-hush" not in failures[0]


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ({"selfManaged": True}, "selfManaged is Vault Enterprise's"),
        ({"passwordWo": "x"}, "passwordWo needs passwordWoVersion"),
        ({"passwordWo": "x", "passwordWoVersion": 1, "password": "y"}, "passwordWo conflicts with password"),
    ],
)
def test_bad_connections_are_refused(fresh: Engine, block: dict[str, Any], line: str) -> None:
    _, failures = fresh.check(CONNECTION, {"backend": "nowhere", "name": "x", "postgresql": block})
    assert any(line in failure for failure in failures), failures


def test_unknown_types_and_functions(engine: Engine) -> None:
    with pytest.raises(RefusedError, match=r"did you mean 'vault:index/mount:Mount'\?"):
        engine.check("vault:index/mounts:Mounts", {})
    with pytest.raises(RefusedError, match="does not have this function"):
        engine.call("Invoke", provider_pb2.InvokeRequest(tok="vault:generic/getSecret:getSecret"))


def test_unknown_values_pass(engine: Engine) -> None:
    checked, failures = engine.check(SECRET, {"mount": UNKNOWN, "dataJson": UNKNOWN})
    assert failures == []
    planned = engine.preview(SECRET, checked)
    assert planned["mount"] is UNKNOWN
    assert planned["path"] is UNKNOWN


def test_errors_of_vault_name_everything(engine: Engine) -> None:
    with pytest.raises(RefusedError) as caught:
        engine.create(SECRET, {"mount": "nowhere", "name": "x", "dataJson": "{}"}, "lost")
    assert str(caught.value).startswith("vault:kv/secretV2:SecretV2 lost: POST nowhere/data/x: 404: ")
    assert caught.value.made is None


def test_a_resource_whose_creation_fails_half_way_is_told(engine: Engine, world: World) -> None:
    """The method is enabled, its configuration refused: the engine must keep it, and its next update can finish it."""
    path = world.unique("half")
    with pytest.raises(RefusedError, match=f"POST auth/{path}/config: 400: ") as caught:
        engine.create(JWT, {"path": path, "jwtValidationPubkeys": ["nonsense"]})
    made = caught.value.made
    assert made is not None
    state, inputs = unpack(made.properties).properties, unpack(made.inputs).properties
    half = Resource(JWT, made.id, inputs, state)
    finished = engine.update(half, {**inputs, "jwtValidationPubkeys": KEYS[:1]})
    assert finished.outputs["jwtValidationPubkeys"] == [KEYS[0].strip()]
    engine.delete(finished)


def test_a_policy_that_must_not_be_overwritten(engine: Engine, world: World) -> None:
    name = world.unique("policy")
    world.vault.write(f"sys/policies/acl/{name}", policy='path "a" { capabilities = [] }')
    inputs = {"name": name, "policy": 'path "b" { capabilities = [] }'}
    with pytest.raises(RefusedError, match="Exists: there is such a policy, and allowOverwrite is false"):
        engine.create(POLICY, {**inputs, "allowOverwrite": False})
    engine.delete(engine.create(POLICY, inputs))


def test_check_and_set(engine: Engine, world: World) -> None:
    inputs = {"mount": world.kv[0], "name": world.unique("cas"), "dataJson": "{}", "cas": 0, "deleteAllVersions": True}
    made = engine.create(SECRET, inputs)
    with pytest.raises(RefusedError, match="check-and-set"):
        engine.update(made, {**made.inputs, "dataJson": '{"a": 1}'})
    engine.delete(made)


def test_secrets_of_the_sdk_are_secrets_whatever_the_program_says(engine: Engine, world: World) -> None:
    request = provider_pb2.CheckRequest(urn=urn(SECRET, "s"), randomSeed=b"seed")
    request.news.CopyFrom(pack({"mount": world.kv[0], "dataJson": '{"a": "b"}'}))
    checked = engine.call("Check", request).inputs
    assert unpack(checked).secret == {"dataJson"}
    created = engine.call("Create", provider_pb2.CreateRequest(urn=urn(SECRET, "s"), properties=checked))
    assert unpack(created.properties).secret == {"dataJson"}
    read = provider_pb2.ReadRequest(id=created.id, urn=urn(SECRET, "s"), properties=created.properties, inputs=checked)
    answer = engine.call("Read", read)
    assert unpack(answer.properties).secret == unpack(answer.inputs).secret == {"dataJson"}


def test_an_exported_key_is_a_secret_output(engine: Engine, world: World) -> None:
    inputs = pack({"backend": world.pki[0], "type": "exported", "commonName": "x"})
    answer = engine.call("Create", provider_pb2.CreateRequest(urn=urn(CERT_REQUEST, "x"), properties=inputs))
    told = unpack(answer.properties)
    assert "PRIVATE KEY" in str(told.properties["privateKey"])
    assert told.secret == {"privateKey"}


def test_a_child_token_lives_briefly(vault: VaultServer) -> None:
    other = Engine(vault.address, {"token": vault.token, "skipChildToken": None, "tokenName": "ours"})
    before = _accessors(vault)
    other.configure(maxLeaseTtlSeconds="77")
    new = [vault.write("auth/token/lookup-accessor", accessor=item)["data"] for item in _accessors(vault) - before]
    assert [(item["display_name"], item["explicit_max_ttl"], item["renewable"]) for item in new] == [
        ("token-ours", 77, False)
    ]
    other.server.stop(None)


def _accessors(vault: VaultServer) -> set[str]:
    return set(vault.adapter().list("/v1/auth/token/accessors")["data"]["keys"])


def test_logins(engine: Engine, vault: VaultServer, world: World) -> None:
    """With what is cheap to have here: the generic login; the one for JWTs asks at its path for its role."""
    path = world.auth("approle")
    vault.write(f"auth/{path}/role/one", token_policies=["root-ish"])
    vault.write("sys/policies/acl/root-ish", policy='path "auth/token/create" { capabilities = ["update"] }')
    role = vault.read(f"auth/{path}/role/one/role-id")["data"]["role_id"]
    secret = vault.write(f"auth/{path}/role/one/secret-id")["data"]["secret_id"]
    login = {"path": f"auth/{path}/login", "parameters": {"role_id": role, "secret_id": secret}}
    other = Engine(vault.address, {"skipChildToken": None})
    other.configure(authLogin=json.dumps(login))
    with pytest.raises(RefusedError, match=r"403: .*permission denied"):
        other.create(POLICY, {"name": "x", "policy": ""})
    bad = {"path": f"auth/{path}/login", "parameters": {"role_id": role, "secret_id": "hush-hush"}}
    with pytest.raises(RefusedError, match=f"authLogin: POST auth/{path}/login: 400: ") as caught:
        other.configure(authLogin=json.dumps(bad))
    assert "hush-hush" not in str(caught.value)
    jwt = json.dumps({"role": "none", "jwt": "a.b.c", "mount": world.jwt[0]})
    with pytest.raises(RefusedError, match=f"authLogin: POST auth/{world.jwt[0]}/login: "):
        other.configure(authLoginJwt=jwt)
    other.server.stop(None)
    assert engine.refresh(Resource(POLICY, "x", {}, {})) is None


def test_a_token_that_is_none(vault: VaultServer) -> None:
    other = Engine(vault.address, {"token": "hush-hush", "skipChildToken": None})
    with pytest.raises(RefusedError, match="token: POST auth/token/create: 403: ") as caught:
        other.configure()
    assert "hush-hush" not in str(caught.value)
    with pytest.raises(RefusedError, match="not configured"):
        other.create(POLICY, {"name": "x", "policy": ""})
    other.server.stop(None)
