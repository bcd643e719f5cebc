"""What is checked before anything is begun, and in which order things are acquired."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import environments
from idp import lock, paths, session, toolchain
from idp.engine import orphans, recovery
from idp.engine.settings import settings
from idp.errors import Exit, IdpError
from stacks.layers import LAYERS

names = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
layers = st.sampled_from(sorted(LAYERS))


@given(names, layers)
def test_a_layer_is_named_behind_a_dot_or_by_the_option_or_both(name: str, layer: str) -> None:
    assert session.choose(name, None) == (name, None)
    assert session.choose(name, layer) == (name, layer)
    assert session.choose(f"{name}.{layer}", None) == (name, layer)
    assert session.choose(f"{name}.{layer}", layer) == (name, layer)


@given(names, st.text().filter(lambda name: name not in LAYERS))
def test_anything_else_says_what_is_allowed(name: str, layer: str) -> None:
    for asked, option in ((name, layer), (f"{name}.{layer}", None)):
        with pytest.raises(IdpError) as caught:
            session.choose(asked, option)
        assert caught.value.code == Exit.INVALID
        assert str(caught.value) == f"layer: {layer!r} is not allowed: one of {', '.join(LAYERS)}"


@given(st.text().map(lambda rest: f".{rest}"))
def test_without_a_name_before_the_dot_all_of_it_is_the_name(asked: str) -> None:
    assert session.choose(asked, None) == (asked, None)


@given(names, st.permutations(sorted(LAYERS)))
def test_two_layers_that_contradict_each_other_are_refused(name: str, order: list[str]) -> None:
    inside, option, *_ = order
    with pytest.raises(IdpError) as caught:
        session.choose(f"{name}.{inside}", option)
    assert caught.value.code == Exit.INVALID
    assert str(caught.value) == f"layer: {option!r} is not allowed beside {name}.{inside}: name one layer"


@pytest.mark.parametrize("name", environments.names())
def test_only_the_local_environment_lives_on_the_loopback_cluster(name: str) -> None:
    environment = environments.load(name)
    assert session.uses_loopback(environment) is (name == "local")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "WORK", tmp_path / ".idp")
    monkeypatch.setattr(paths, "LOCKS", tmp_path / ".idp" / "locks")
    return tmp_path


def no_tools(_report: object, _names: object) -> None:
    raise AssertionError("tools were sought before the request was checked")


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("local", "no-such"),
        ("local.no-such", None),
        ("local.", None),
        (".platform", None),
        ("local.platform", "workspaces"),
        ("local.platform.x", None),
        ("no-such", None),
        ("no-such.platform", None),
        ("../local", None),
    ],
)
def test_a_wrong_request_is_found_before_anything_is_made(
    work: Path, monkeypatch: pytest.MonkeyPatch, name: str, layer: str | None
) -> None:
    monkeypatch.setattr(toolchain, "ensure", no_tools)
    with pytest.raises((IdpError, environments.InvalidEnvironment)), session.open_session(name, layer, print):
        pass
    assert list(work.iterdir()) == []


@pytest.mark.usefixtures("work")
def test_a_full_disk_is_found_before_tools_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "ensure", no_tools)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=2**20))
    with (
        pytest.raises(IdpError, match="1 MiB free; at least 256 MiB") as caught,
        session.open_session("local", None, print),
    ):
        pass
    assert caught.value.code == Exit.MISSING


class Passing:
    """Records what `exclusively` does, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        self.inherited: list[int] = []
        monkeypatch.setattr(orphans, "end_orphans", lambda _report: self.log.append("orphans"))
        monkeypatch.setattr(recovery, "drop_stale_locks", lambda _s, layer, _r: self.log.append(f"locks of {layer}"))
        environment = environments.load("local")
        found = SimpleNamespace(
            environment=environment,
            settings=settings(environment),
            chosen=("platform", "workspaces"),
            command=SimpleNamespace(inherit=self._inherit),
        )
        self.session = cast("session.Session", found)

    def _inherit(self, descriptor: int) -> None:
        self.log.append("inherit")
        self.inherited.append(descriptor)


@pytest.mark.usefixtures("work")
def test_exclusively_mends_under_the_lock_that_engines_inherit(monkeypatch: pytest.MonkeyPatch) -> None:
    passing = Passing(monkeypatch)
    with session.exclusively(passing.session, "idp up local", 0, print):
        held = session.environment_lock("local")
        assert passing.inherited
        with pytest.raises(IdpError) as caught, lock.hold(held, "second", 0, print):
            pass
        assert caught.value.code == Exit.BUSY
    assert (
        passing.log.index("inherit") < passing.log.index("locks of platform") < passing.log.index("locks of workspaces")
    )
    # After the lock is had, too: whoever held it before may have been killed meanwhile.
    assert "orphans" in passing.log[passing.log.index("inherit") :]


@pytest.mark.usefixtures("work")
def test_environments_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    passing = Passing(monkeypatch)
    with (
        lock.hold(session.environment_lock("dev"), "other", 0, print),
        session.exclusively(passing.session, "idp up local", 0, print),
    ):
        pass
    assert passing.log
