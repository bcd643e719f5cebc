"""What a layer waits for before the engine works on it, and what it does not wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

import environments
from idp import cloud, cluster, readiness, vault
from idp.errors import Exit, IdpError
from idp.session import LONG, SOON, NotReady, Session
from stacks.layers import FOUNDATION, LAYERS, SECRETS

HANGS = 30.0
"""Seconds after which a test that waits in vain is ended."""

ABOVE = [layer for layer in LAYERS if layer != FOUNDATION]


@dataclass
class Servers:
    """The servers of an environment, which only remember; the cluster stands when `stands` is set."""

    answers: threading.Event = field(default_factory=threading.Event)
    """Set when its API server does; `stands` when all of it stands."""
    stands: threading.Event = field(default_factory=threading.Event)
    log: list[str] = field(default_factory=list)
    failure: IdpError | None = None
    """Why the cluster does not start."""
    late_failure: IdpError | None = None
    """Why it does not stand although its API server answers."""
    full: bool = False
    """Whether the disk is: the cluster can't even begin."""
    refusals: list[IdpError] = field(default_factory=list)
    """What Vault says, in turn, before it lets anybody in."""

    def check_cluster(self, *_args: object) -> None:
        if self.full:
            raise IdpError("disk: full", Exit.MISSING)

    def start_cluster(self, _session: Session, _report: object, answers: Callable[[], None]) -> None:
        self.log.append("cluster begins")
        assert self.answers.wait(HANGS)
        if self.failure:
            raise self.failure
        answers()
        assert self.stands.wait(HANGS)
        if self.late_failure:
            raise self.late_failure
        self.log.append("cluster stands")

    def let_go(self) -> None:
        self.answers.set()
        self.stands.set()

    def entrust(self, _session: Session, patience: float, _report: object) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.log.append(f"token {patience}")

    def tokens(self) -> int:
        return sum(line.startswith("token") for line in self.log)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    found = Servers()
    monkeypatch.setattr(cluster, "start", found.start_cluster)
    monkeypatch.setattr(cluster, "check_start", found.check_cluster)
    monkeypatch.setattr(cloud, "start", lambda *_args: found.log.append("cloud"))
    monkeypatch.setattr(vault, "entrust", found.entrust)
    monkeypatch.setattr(vault, "require_plugin", lambda _session: found.log.append("plugin"))
    for module in (cluster, cloud):
        monkeypatch.setattr(module, "require", lambda _session, module=module: found.log.append(module.__name__))
    yield found
    # Whoever waits for it is let go, whatever a test has found.
    found.let_go()


def session() -> Session:
    nothing = cast("Any", None)
    return Session(environments.load("local"), nothing, nothing, nothing, LAYERS, tuple(LAYERS))


def test_the_cluster_starts_beside_the_emulator_and_the_foundation_waits_for_neither(servers: Servers) -> None:
    with ExitStack() as stack:
        ready = stack.enter_context(readiness.started(session(), print)).ready
        stack.callback(servers.let_go)
        # The cluster is still on its way: nobody has let it stand.
        ready(FOUNDATION, 1.0)
        assert "cloud" in servers.log
        assert "cluster stands" not in servers.log
    assert "cluster stands" in servers.log


def test_a_plugin_that_is_missing_is_told_before_anything_starts(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_session: Session) -> None:
        raise IdpError("no plugin", Exit.MISSING)

    monkeypatch.setattr(vault, "require_plugin", refuse)
    with pytest.raises(IdpError, match=r"^no plugin$"), readiness.started(session(), print):
        pass
    assert servers.log == []


@pytest.mark.parametrize("layer", ABOVE)
@pytest.mark.parametrize(("patience", "event"), [(SOON, "answers"), (LONG, "stands")])
def test_a_layer_of_the_cluster_waits_for_it(servers: Servers, layer: str, patience: float, event: str) -> None:
    """Whoever only looks waits for the API server, whoever updates for the whole."""
    passed = threading.Event()
    with ExitStack() as stack:
        ready = stack.enter_context(readiness.started(session(), print)).ready
        stack.callback(servers.let_go)

        def work() -> None:
            ready(layer, patience)
            passed.set()

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        if event == "stands":
            servers.answers.set()
        assert not passed.wait(0.05)
        getattr(servers, event).set()
        assert passed.wait(HANGS)
        worker.join(HANGS)
    assert servers.tokens() == (layer == SECRETS)


def test_what_fails_after_the_api_server_answers_reaches_updates(servers: Servers) -> None:
    servers.late_failure = IdpError("local: no node", Exit.MISSING)
    servers.answers.set()
    with ExitStack() as stack:
        ready = stack.enter_context(readiness.started(session(), print)).ready
        stack.callback(servers.let_go)
        ready("platform", SOON)
        servers.stands.set()
        with pytest.raises(IdpError, match=r"^local: no node$"):
            ready("platform", LONG)


@pytest.mark.parametrize("layer", ABOVE)
def test_its_failure_reaches_whoever_needs_it(servers: Servers, layer: str) -> None:
    servers.failure = IdpError("local: the API server does not start", Exit.MISSING)
    servers.let_go()
    with readiness.started(session(), print) as found:
        found.ready(FOUNDATION, 1.0)
        for _ in range(2):
            with pytest.raises(IdpError, match=r"^local: the API server does not start$") as caught:
                found.ready(layer, 1.0)
            assert caught.value.code == Exit.MISSING
    assert servers.tokens() == 0


def begun(servers: Servers, stack: ExitStack, kind: str) -> Session:
    servers.let_go()
    if kind == "required":
        return readiness.required(session(), print)
    return stack.enter_context(readiness.started(session(), print))


kinds = pytest.mark.parametrize("kind", ["started", "required"])


@kinds
def test_only_secrets_gets_a_token_and_a_new_one_each_time(servers: Servers, kind: str) -> None:
    with ExitStack() as stack:
        ready = begun(servers, stack, kind).ready
        for layer in LAYERS:
            if layer != SECRETS:
                ready(layer, 7.0)
        assert servers.tokens() == 0
        ready(SECRETS, 7.0)
        assert servers.log[-1] == "token 7.0"
        ready(SECRETS, 300.0)
        assert servers.log[-1] == "token 300.0"


@kinds
def test_a_vault_that_was_not_ready_is_asked_again(servers: Servers, kind: str) -> None:
    servers.refusals = [NotReady("sealed"), NotReady("sealed still")]
    with ExitStack() as stack:
        ready = begun(servers, stack, kind).ready
        for words in ("sealed", "sealed still"):
            with pytest.raises(NotReady, match=f"^{words}$"):
                ready(SECRETS, 0.0)
        ready(SECRETS, 0.0)
    assert servers.tokens() == 1


def test_what_is_only_looked_at_starts_nothing(servers: Servers) -> None:
    readiness.required(session(), print)
    assert servers.log == ["idp.cluster", "idp.cloud", "plugin"]


def test_a_cluster_that_cannot_begin_keeps_everything_else_from_beginning(servers: Servers) -> None:
    servers.full = True
    with pytest.raises(IdpError, match=r"^disk: full$"), readiness.started(session(), print):
        raise AssertionError("begun all the same")
    assert "cloud" not in servers.log
    assert "cluster begins" not in servers.log
