"""Locks and states that a crash left in a file backend."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.engine import recovery
from idp.engine.settings import EngineSettings
from idp.errors import Exit, IdpError

from .conftest import Backend


def dropped(backend: Backend, layer: str = "platform") -> list[str]:
    said: list[str] = []
    recovery.drop_stale_locks(backend.settings, layer, said.append)
    return said


def test_empty_files_beside_the_state_are_removed_and_nothing_else(backend: Backend) -> None:
    folder = backend.settings.state
    assert folder is not None
    stacks = folder / ".pulumi/stacks/idp"
    stacks.mkdir(parents=True, exist_ok=True)
    torn, whole, state = (stacks / name for name in ("a.json.attrs", "b.json.attrs", "c.json"))
    torn.touch()
    whole.write_text("{}")
    state.touch()
    recovery.drop_torn_sidecars(backend.settings)
    assert (torn.exists(), whole.exists(), state.exists()) == (False, True, True)


@pytest.fixture
def pulumi(tmp_path: Path) -> Iterator[psutil.Popen]:
    """Return a living process whose program is named `pulumi`."""
    process = psutil.Popen([shutil.copy("/bin/sleep", tmp_path / "pulumi"), "60"])
    yield process
    process.kill()
    process.wait()


def test_the_lock_of_a_dead_engine_is_removed_and_it_is_said(backend: Backend) -> None:
    lock = backend.lock("platform")
    assert dropped(backend) == ["platform: removing the lock of an engine that was killed"]
    assert not lock.exists()
    assert dropped(backend) == []


def test_the_lock_of_a_pid_that_somebody_else_has_now_is_removed(backend: Backend) -> None:
    lock = backend.lock("platform", pid=os.getpid())
    dropped(backend)
    assert not lock.exists()


def test_the_lock_of_a_living_engine_is_kept_and_its_holder_named(backend: Backend, pulumi: psutil.Popen) -> None:
    lock = backend.lock("platform", pid=pulumi.pid)
    with pytest.raises(IdpError) as caught:
        dropped(backend)
    assert caught.value.code == Exit.BUSY
    assert lock.exists()
    message = str(caught.value)
    assert "\n" not in message
    for part in ("local.platform", f"pid {pulumi.pid}", "2026-11-23T15:00:00Z"):
        assert part in message


def test_the_lock_of_an_engine_that_is_a_zombie_is_removed(backend: Backend, pulumi: psutil.Popen) -> None:
    pulumi.kill()
    os.waitid(os.P_PID, pulumi.pid, os.WEXITED | os.WNOWAIT)
    lock = backend.lock("platform", pid=pulumi.pid)
    dropped(backend)
    assert not lock.exists()


def test_the_lock_of_another_machine_is_kept(backend: Backend) -> None:
    lock = backend.lock("platform", hostname="some-other-machine")
    with pytest.raises(IdpError, match="some-other-machine") as caught:
        dropped(backend)
    assert caught.value.code == Exit.BUSY
    assert lock.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"a"', "\x00\xff", '{"pid": 1'])
def test_a_lock_that_was_only_half_written_is_removed(backend: Backend, text: str) -> None:
    lock = backend.lock("platform")
    lock.write_text(text)
    dropped(backend)
    assert not lock.exists()


@pytest.mark.parametrize("missing", ["hostname", "timestamp"])
def test_what_a_lock_does_not_tell_is_unknown(backend: Backend, missing: str, pulumi: psutil.Popen) -> None:
    fields: dict[str, Any] = {"pid": pulumi.pid, missing: None}
    lock = backend.lock("platform", **fields)
    with pytest.raises(IdpError, match="unknown") as caught:
        dropped(backend)
    assert caught.value.code == Exit.BUSY
    assert lock.exists()


def test_a_lock_without_a_pid_is_nobodys(backend: Backend) -> None:
    lock = backend.lock("platform", pid=None)
    dropped(backend)
    assert not lock.exists()


def test_locks_of_other_layers_are_none_of_its_business(backend: Backend) -> None:
    other = backend.lock("workspaces")
    assert dropped(backend, "platform") == []
    assert other.exists()


def test_where_one_engine_lives_its_lock_stays_whatever_else_is_there(backend: Backend, pulumi: psutil.Popen) -> None:
    backend.lock("platform", "a")
    alive = backend.lock("platform", "b", pid=pulumi.pid)
    with pytest.raises(IdpError):
        dropped(backend)
    assert alive.exists()


def test_a_backend_elsewhere_keeps_its_locks(remote: EngineSettings) -> None:
    recovery.drop_stale_locks(remote, "platform", pytest.fail)
    recovery.drop_torn_sidecars(remote)
    recovery.check_state(remote, ["platform"])
    assert recovery.checkpoint(remote, "platform") == {}
    assert recovery.checkpoint_file(remote, "platform") is None


WHOLE = {"version": 3, "checkpoint": {"latest": {"resources": [{"urn": "a"}, {"urn": "b"}], "pending_operations": []}}}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(min_value=0, max_value=len(json.dumps(WHOLE)) - 1))
def test_a_state_cut_off_anywhere_is_one_line_that_says_how_to_get_it_back(backend: Backend, length: int) -> None:
    path = backend.checkpoint("platform", json.dumps(WHOLE)[:length])
    before = path.read_bytes()
    with pytest.raises(IdpError) as caught:
        recovery.check_state(backend.settings, ["platform", "workspaces"])
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert str(path) in message
    assert f"{path.name}.bak" in message
    assert caught.value.code == Exit.FAILED
    assert path.read_bytes() == before


def test_every_broken_state_has_a_line(backend: Backend) -> None:
    broken = [backend.checkpoint(layer, "\x00\x00") for layer in ("platform", "workspaces")]
    with pytest.raises(IdpError) as caught:
        recovery.check_state(backend.settings, ["platform", "workspaces"])
    assert [str(path) in line for path, line in zip(broken, str(caught.value).splitlines(), strict=True)] == [True] * 2


@pytest.mark.parametrize("content", [json.dumps(WHOLE), '{"version": 3, "checkpoint": {"latest": null}}'])
def test_a_whole_state_is_fine_and_so_is_none(backend: Backend, content: str) -> None:
    backend.checkpoint("platform", content)
    recovery.check_state(backend.settings, ["platform", "workspaces"])


@pytest.mark.parametrize("content", ["[]", "null", "3", '"text"'])
def test_a_file_of_json_that_is_no_state_is_refused(backend: Backend, content: str) -> None:
    backend.checkpoint("platform", content)
    with pytest.raises(IdpError, match="not a state file"):
        recovery.check_state(backend.settings, ["platform"])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"checkpoint": 1}', '{"checkpoint": {"latest": []}}', "{}"])
def test_a_checkpoint_without_a_deployment_is_empty(backend: Backend, content: str) -> None:
    backend.checkpoint("platform", content)
    assert recovery.checkpoint(backend.settings, "platform") == {}


def test_the_checkpoint_is_what_the_backend_keeps(backend: Backend) -> None:
    backend.checkpoint("platform", {"resources": [], "pending_operations": [1]})
    assert recovery.checkpoint(backend.settings, "platform") == {"resources": [], "pending_operations": [1]}
    assert recovery.checkpoint(backend.settings, "workspaces") == {}
