"""A hundred secrets, planted wherever a program can give one: none comes back in a message, a log or a plain output."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, message
from pulumi.runtime.proto import provider_pb2

from idp.loopback.provider import schema
from idp.loopback.provider.values import pack, unpack
from idp.loopback.vault.tables import ROWS

from .cases import CASES, URL, Case
from .conftest import World
from .engine import Engine, Properties, urn

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
CANARIES = 100


class Wire:
    """The engine as it is: secrets are marked on the way in, and every answer is kept."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.seen: list[str] = []

    def call(self, method: str, request: Any) -> Any:  # noqa: ANN401
        try:
            answer = getattr(self.engine.stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            self.seen.append(f"{error.details()} {_init_failed(error)}")
            return None
        self.seen.append(_plain(answer))
        return answer

    def life(self, token: str, inputs: Properties, secret: frozenset[str]) -> None:
        """Check, preview, create, read, update with every secret changed, delete."""
        where = urn(token, "canary")
        request = provider_pb2.CheckRequest(urn=where, news=pack(inputs, secret), randomSeed=b"seed")
        checked = self.call("Check", request)
        if checked is None or checked.failures:
            return
        self.call("Create", provider_pb2.CreateRequest(urn=where, properties=checked.inputs, preview=True))
        made = self.call("Create", provider_pb2.CreateRequest(urn=where, properties=checked.inputs))
        if made is None:
            return
        known = {"id": made.id, "urn": where}
        self.call("Read", provider_pb2.ReadRequest(**known, properties=made.properties, inputs=checked.inputs))
        self.call("Read", provider_pb2.ReadRequest(**known))
        state = {"olds": made.properties, "old_inputs": checked.inputs}
        self.call("Diff", provider_pb2.DiffRequest(**known, **state, news=checked.inputs))
        self.call("Update", provider_pb2.UpdateRequest(**known, **state, news=checked.inputs))
        self.call("Delete", provider_pb2.DeleteRequest(**known, properties=made.properties))


def _init_failed(error: grpc.RpcError) -> str:
    trailing: Any = error.trailing_metadata() or ()
    # What the engine keeps of a half-made resource is marked in there; as bytes nothing of it may be readable but that.
    from .engine import RefusedError

    made = RefusedError(error).made if trailing else None
    return _plain(made) if made is not None else ""


def _plain(answer: message.Message) -> str:
    """Return an answer as text, without what is marked as a secret."""
    return json.dumps(_opened(json_format.MessageToDict(answer)))


def _opened(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return "[marked]" if _SIGNATURE in value else {key: _opened(item) for key, item in value.items()}
    return [_opened(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def planted() -> list[str]:
    return [f"canary-{secrets.token_hex(12)}" for _ in range(CANARIES)]


def _plantings(world: World, canaries: Iterator[str]) -> Iterator[tuple[str, Properties, frozenset[str]]]:
    """Yield lives with secrets in them: good ones, ones that Vault refuses, and ones that fail half way."""
    secret = "vault:kv/secretV2:SecretV2"  # noqa: S105 (a type)
    for _ in range(10):
        document = json.dumps({"password": next(canaries), "nested": {"pem": f"-----\n{next(canaries)}\n-----"}})
        given = {"mount": world.kv[0], "name": world.unique("canary"), "deleteAllVersions": True}
        yield secret, {**given, "dataJson": document}, frozenset()
        wo = {"dataJsonWo": json.dumps({"a": next(canaries)}), "dataJsonWoVersion": 1}
        yield secret, {**given, **wo}, frozenset({"dataJsonWo"})
        yield secret, {**given, "dataJson": f"no json {next(canaries)}"}, frozenset({"dataJson"})
    for _ in range(4):
        connection = "vault:database/secretBackendConnection:SecretBackendConnection"
        block = {"connectionUrl": URL, "username": "admin", "password": next(canaries), "privateKey": next(canaries)}
        given = {"backend": world.database[0], "postgresql": block, "name": world.unique("canary")}
        yield connection, {**given, "verifyConnection": False}, frozenset({"postgresql"})
        yield connection, {**given, "verifyConnection": True}, frozenset({"postgresql"})
        broken = {**block, "connectionUrl": f"postgresql://{next(canaries)}@127.0.0.1:1/{{{{nonsense"}
        yield connection, {**given, "postgresql": broken, "verifyConnection": True}, frozenset({"postgresql"})
        aws = {"path": world.unique("aws"), "accessKey": next(canaries), "secretKey": next(canaries)}
        yield "vault:aws/secretBackend:SecretBackend", aws, frozenset({"secretKey", "accessKey"})
        wo = {"path": world.unique("aws"), "accessKey": "AKIA", "secretKeyWo": next(canaries), "secretKeyWoVersion": 1}
        yield "vault:aws/secretBackend:SecretBackend", wo, frozenset({"secretKeyWo"})
        reviewer = {"kubernetesHost": "https://10.0.0.1", "disableLocalCaJwt": True, "tokenReviewerJwt": next(canaries)}
        given = {"backend": world.kubernetes[0], **reviewer}
        yield "vault:kubernetes/authBackendConfig:AuthBackendConfig", given, frozenset({"tokenReviewerJwt"})
        oidc = {"path": world.unique("jwt"), "type": "oidc", "oidcClientId": "x", "oidcClientSecret": next(canaries)}
        given = {**oidc, "oidcDiscoveryUrl": "http://127.0.0.1:1"}
        yield "vault:jwt/authBackend:AuthBackend", given, frozenset({"oidcClientSecret"})
        plugin = {
            "type": "secret",
            "name": world.unique("p"),
            "command": "none",
            "sha256": "x",
            "envs": [next(canaries)],
        }
        yield "vault:index/plugin:Plugin", plugin, frozenset({"envs"})
    # Secrets where nobody expects one, marked by the program alone.
    for canary in canaries:
        yield "vault:index/policy:Policy", {"policy": f"{{ {canary}"}, frozenset({"policy"})
        yield secret, {"mount": canary, "dataJson": "{}"}, frozenset({"mount"})
        yield secret, {"mount": f"../{canary}", "dataJson": "{}"}, frozenset({"mount"})


def test_no_secret_comes_back(
    engine: Engine,
    world: World,
    planted: list[str],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    wire = Wire(engine)
    caplog.set_level("DEBUG")
    used = iter(planted)
    for token, inputs, secret in _plantings(world, used):
        wire.life(token, inputs, secret)
    assert next(used, None) is None, "not all were planted"
    captured = capfd.readouterr()
    everything = "\n".join([*wire.seen, captured.out, captured.err, caplog.text, repr(engine.server)])
    assert len(wire.seen) > CANARIES
    leaks = [line for line in [*wire.seen, captured.out, captured.err, caplog.text] if any(c in line for c in planted)]
    assert leaks == []
    assert world.vault.token not in everything
    assert world.vault.token not in repr(world.engine.server)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.token.split(":", 1)[-1].replace("/", "-"))
def test_secrets_by_the_sdk_are_marked_in_every_answer(engine: Engine, world: World, case: Case) -> None:
    """Whether or not the program marks them."""
    known = schema.load("pulumi_vault", case.token).secret | set(ROWS[case.token].secret)
    where = urn(case.token, world.unique("marked"))
    request = provider_pb2.CheckRequest(urn=where, news=pack(case.minimal(world)), randomSeed=b"seed")
    checked = engine.call("Check", request).inputs
    made = engine.call("Create", provider_pb2.CreateRequest(urn=where, properties=checked))
    read = engine.call(
        "Read", provider_pb2.ReadRequest(id=made.id, urn=where, properties=made.properties, inputs=checked)
    )
    for struct in (checked, made.properties, read.properties, read.inputs):
        told = unpack(struct)
        assert told.secret == known & set(told.properties)
    engine.call("Delete", provider_pb2.DeleteRequest(id=made.id, urn=where, properties=made.properties))
