"""How `idp` reaches an environment's Vault and logs in: against a real HTTPS server, through an executable kubectl."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import environments
from environments import Environment
from environments.secrets import Secrets
from idp import cluster, paths, vault
from idp.errors import Exit, IdpError
from idp.loopback.cluster import certificates
from idp.session import NotReady, Session
from stacks import loopback
from stacks.layers import SECRETS

LOCAL, DEV = environments.load("local"), environments.load("dev")
JWT, TOKEN = "header.hush-jwt.signature", "hvs.hush-token"

KUBECTL = """#!/bin/sh
printf '%s\\n' "$*" >> '{folder}/calls'
case "$*" in
  *" get configmap vault-ca "*) cat '{folder}/bundle' ;;
  *" create token idp-deploy "*) cat '{folder}/jwt' ;;
  *) echo "what is $*?" >&2; exit 9 ;;
esac
"""


@dataclass
class World:
    """A Vault that lets one service account's token in, and the cluster that it is in."""

    folder: Path
    port: int = 0
    asked: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)
    """Path, body and token of each request."""
    refusals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """What it says, in turn, before it lets anybody in."""
    entrusted: dict[str, dict[str, str]] = field(default_factory=dict)

    def session(self, environment: Environment) -> Session:
        layers = SimpleNamespace(entrust=self.entrusted.__setitem__, outputs=lambda _layer: {"kubeconfig": "{}"})
        settings = SimpleNamespace(variables={"PATH": str(self.folder)})
        return cast("Session", SimpleNamespace(environment=environment, layers=layers, settings=settings))

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def publish(self, authority: str | None) -> None:
        """Let the cluster have the ConfigMap with this authority."""
        data = {} if authority is None else {"ca.crt": authority}
        (self.folder / "bundle").write_text(json.dumps({"data": data}))


def serve(world: World, context: ssl.SSLContext) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            world.asked.append((self.path, body, self.headers.get("X-Vault-Token")))
            status, answer = world.refusals.pop(0) if world.refusals else (200, {"auth": {"client_token": TOKEN}})
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


@pytest.fixture
def world(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    now = dt.datetime.now(dt.UTC)
    authority = certificates.authority("vault of the tests", now)
    leaf = certificates.issue(certificates.Leaf("vault", "vault", hosts=("127.0.0.1",)), authority, now)
    (tmp_path / "server.pem").write_bytes(leaf.pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    found = World(tmp_path / "tools")
    found.folder.mkdir()
    server = serve(found, context)
    found.port = server.server_port
    found.publish(certificates.certificate_pem(authority.certificate).decode())
    (found.folder / "jwt").write_text(f"{JWT}\n")
    kubectl = found.folder / "kubectl"
    kubectl.write_text(KUBECTL.format(folder=found.folder))
    kubectl.chmod(0o755)
    monkeypatch.setattr(loopback, "FOLDER", work)
    monkeypatch.setattr(cluster, "forwarded", {"vault": found.port}.get)
    monkeypatch.setattr(vault, "_POLL", 0.001)
    for name in (vault.TOKEN_VARIABLE, "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def secretly(environment: Environment, **changes: object) -> Environment:
    secrets = (environment.secrets or Secrets()).model_copy(update=changes)
    return environment.model_copy(update={"secrets": secrets})


def without(environment: Environment) -> Environment:
    platform = environment.platform.model_copy(update={"vault": None})
    return environment.model_copy(update={"platform": platform})


def record(name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(loopback.vault_record(name).read_text())
    return found


def test_its_own_vault_is_reached_through_the_way_in_with_the_authority_of_the_cluster(world: World) -> None:
    found = vault.reach(world.session(LOCAL))
    assert found.address == f"https://127.0.0.1:{world.port}"
    assert found.ca_file
    assert found.ca_file.read_text() == json.loads((world.folder / "bundle").read_text())["data"]["ca.crt"]
    assert record("local") == {"address": found.address, "ca_file": str(found.ca_file)}
    assert found.ca_file.parent.stat().st_mode & 0o777 == 0o700
    world.publish("another authority")
    assert vault.reach(world.session(LOCAL)).ca_file == found.ca_file
    assert found.ca_file.read_text() == "another authority"


def test_of_another_environment_it_is_reached_from_inside_the_cluster(world: World) -> None:
    assert vault.reach(world.session(DEV)).address == "https://vault.idp-vault.svc:8200"
    [call] = world.calls()
    assert f"--kubeconfig={paths.KUBECONFIGS / 'dev.yaml'} " in call


def test_the_file_s_own_words_go_first_and_nobody_is_asked(world: World) -> None:
    found = vault.reach(world.session(secretly(DEV, address="https://vault.acme.example", ca_file="/etc/acme.pem")))
    assert found == vault.Reach("https://vault.acme.example", Path("/etc/acme.pem"))
    assert world.calls() == []
    assert not loopback.vault_record("dev").exists()


def test_no_vault_at_all_is_one_line(world: World) -> None:
    with pytest.raises(IdpError, match=r"^dev: platform\.vault: null is not allowed here: ") as caught:
        vault.reach(world.session(without(DEV)))
    assert caught.value.code == Exit.INVALID


def test_a_token_of_the_deploy_identity_is_for_one_layer_and_in_nobody_s_arguments(world: World) -> None:
    vault.entrust(world.session(LOCAL), 0.0, print)
    assert world.entrusted == {SECRETS: {"VAULT_TOKEN": TOKEN}}
    [(path, body, sent)] = world.asked
    assert path == "/v1/auth/idp-kubernetes/login"
    assert body == {"role": "idp-deploy", "jwt": JWT}
    assert sent is None
    asking = world.calls()[-1]
    assert asking.endswith("--namespace=idp-vault create token idp-deploy --audience=vault --duration=600s")
    written = "".join(file.read_text() for file in paths.WORK.rglob("*") if file.is_file())
    assert not any(secret in text for secret in (JWT, TOKEN) for text in (*world.calls(), written))


@pytest.mark.parametrize("environment", [secretly(LOCAL, address="https://127.0.0.1:1"), DEV], ids=["named", "dev"])
def test_the_token_that_is_given_goes_first(
    world: World, monkeypatch: pytest.MonkeyPatch, environment: Environment
) -> None:
    monkeypatch.setenv(vault.TOKEN_VARIABLE, "hvs.given")
    named = environment if environment is DEV else without(environment)
    vault.entrust(world.session(named), 0.0, print)
    assert (world.entrusted, world.asked) == ({}, [])
    # Programs must be told where it answers, all the same.
    assert loopback.vault_record("dev").exists() is (environment is DEV)


def test_for_the_vault_of_this_machine_a_token_for_another_is_neither_used_nor_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(vault.TOKEN_VARIABLE, "hvs.of-production")
    vault.entrust(world.session(LOCAL), 0.0, print)
    assert world.entrusted == {SECRETS: {"VAULT_TOKEN": TOKEN}}
    assert [sent for _, _, sent in world.asked] == [None]


def test_a_token_that_only_somebody_else_can_give_is_asked_for_in_one_line(world: World) -> None:
    elsewhere = without(secretly(DEV, address="https://vault.acme.example"))
    with pytest.raises(IdpError) as caught:
        vault.entrust(world.session(elsewhere), 0.0, print)
    assert str(caught.value) == "dev: VAULT_TOKEN: not set; a token that may configure Vault is needed"
    assert caught.value.code == Exit.MISSING
    assert world.calls() == []


def refuse(world: World, how: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make one login fail in a way, and return what must be said of it."""
    address = f"https://127.0.0.1:{world.port}"
    if how == "no cluster":
        monkeypatch.setattr(cluster, "kubeconfig", lambda _session: None)
        return "the cluster does not stand yet"
    if how == "no way in":
        monkeypatch.setattr(cluster, "forwarded", lambda _name: None)
        return "no port of this machine leads to Vault; `idp local start` opens one"
    if how == "no authority":
        world.publish(None)
        return "configmap idp-vault/vault-ca: no ca.crt in it yet"
    if how == "kubectl fails":
        (world.folder / "kubectl").write_text("#!/bin/sh\necho warning >&2\necho 'Error: NotFound' >&2\nexit 1\n")
        return "kubectl get: Error: NotFound"
    if how == "kubectl fails silently":
        (world.folder / "kubectl").write_text("#!/bin/sh\nexit 3\n")
        return "kubectl get: exit code 3"
    if how == "nobody answers":
        monkeypatch.setattr(cluster, "forwarded", lambda _name: 1)
        return "https://127.0.0.1:1: no answer (ConnectionError)"
    if how == "somebody else answers":
        other = certificates.authority("somebody else", dt.datetime.now(dt.UTC))
        world.publish(certificates.certificate_pem(other.certificate).decode())
        return f"{address}: no answer (SSLError)"
    status, errors = {"sealed": (503, ["Vault is sealed"]), "denied": (403, ["permission denied"])}[how]
    world.refusals = [(status, {"errors": errors})]
    return f"{address}: login as idp-deploy: {errors[0]}"


WAYS = (
    "no cluster",
    "no way in",
    "no authority",
    "kubectl fails",
    "kubectl fails silently",
    "nobody answers",
    "somebody else answers",
    "sealed",
    "denied",
)


@pytest.mark.parametrize("how", WAYS)
def test_what_is_not_ready_says_why_in_one_line_without_a_secret(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    said = refuse(world, how, monkeypatch)
    with pytest.raises(NotReady) as caught:
        vault.entrust(world.session(LOCAL), 0.0, print)
    assert str(caught.value) == said
    assert caught.value.code == Exit.FAILED
    assert world.entrusted == {}


def test_who_waits_is_let_in_as_soon_as_vault_lets_in_and_told_now_and_then_why_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "_SAY", 0.0)
    world.refusals = [(503, {"errors": ["Vault is sealed"]})] * 3
    lines: list[str] = []
    assert vault.deploy_token(world.session(LOCAL), 60.0, lines.append) == TOKEN
    said = f"waiting for Vault: https://127.0.0.1:{world.port}: login as idp-deploy: Vault is sealed"
    assert lines == [said] * 3


def test_a_proxy_has_no_business_with_this_machine(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert vault.deploy_token(world.session(LOCAL), 0.0) == TOKEN
    assert vault.client(vault.Reach("https://vault.acme.example", None)).adapter.session.trust_env
