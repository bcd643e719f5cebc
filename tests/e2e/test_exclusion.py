"""Never two at once, and never stuck behind somebody who is gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from .checkout import Checkout, environment
from .kubectl import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@contextmanager
def paused(process: psutil.Process) -> Iterator[None]:
    """Stop a process for as long as the block: what it holds it goes on holding."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()


@contextmanager
def stock_up(platform: Checkout, layer: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `pulumi up` as a person does, in a session of its own; it is ended and waited for."""
    command = f'eval "$(.venv/bin/idp env-vars local)"; exec pulumi up --yes --skip-preview -s local.{layer}'
    with subprocess.Popen(
        ["/bin/bash", "-euc", command],
        cwd=platform.root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until("lock of pulumi", lambda: locks(platform, layer) or process.poll() is not None)
            yield process
        finally:
            process.wait(120)


def locks(platform: Checkout, layer: str) -> list[Path]:
    folder = platform.root / f".idp/state/.pulumi/locks/organization/idp/local.{layer}"
    return sorted(folder.glob("*.json"))


def test_of_two_one_waits_and_names_the_other(platform: Checkout) -> None:
    first = platform.begin("up", "local")
    until("lock", lambda: holder(platform) == first.pid)
    with paused(psutil.Process(first.pid)):
        second = subprocess.Popen(
            ["/usr/bin/make", "up"],
            cwd=platform.root,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr
        line = second.stderr.readline()
        assert f"waiting for idp up local (pid {first.pid}, since " in line
        assert second.poll() is None
    out, err = second.communicate(timeout=120)
    assert second.returncode == 0, out + err
    assert first.wait(5) == 0, "the second ended before the first"


def test_without_patience_it_refuses_and_names_the_holder(platform: Checkout) -> None:
    first = platform.begin("up", "local")
    until("lock", lambda: holder(platform) == first.pid)
    with paused(psutil.Process(first.pid)):
        for command in (["up", "local"], ["down", "local"], ["local", "stop"], ["local", "remove"], ["local", "start"]):
            refused = platform.idp(*command, "--wait", "0")
            assert refused.code == 4, refused
            assert [f"held by idp up local (pid {first.pid}" in line for line in refused.errors()] == [True], refused
            assert refused.out == ""
    assert first.wait(120) == 0, platform.begun_said()


def test_engines_never_overlap(platform: Checkout) -> None:
    """Watch the engines at work for the stack while two commands run: never two updates."""
    runs = [
        subprocess.Popen(
            [str(platform.root / ".venv/bin/idp"), "up", "local", "--refresh"],
            cwd=platform.root,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    seen = 0
    while any(run.poll() is None for run in runs):
        updating = [engine for engine in platform.engines() if _is_update(engine)]
        assert len(updating) <= 1
        seen += len(updating)
        time.sleep(0.1)
    assert seen
    assert [run.wait() for run in runs] == [0, 0]


def test_a_pulumi_of_the_person_is_not_disturbed(platform: Checkout) -> None:
    with stock_up(platform, "platform"):
        held = json.loads(locks(platform, "platform")[0].read_text())
        with paused(psutil.Process(held["pid"])):
            refused = platform.idp("up", "local", "--wait", "0")
        assert refused.code == 4, refused
        assert refused.errors() == [
            f"error local.platform: held by a pulumi of your own"
            f" (pid {held['pid']} on {socket.gethostname()}, since {held['timestamp']})"
        ]
        assert psutil.pid_exists(held["pid"])
    assert locks(platform, "platform") == []
    platform.up()


@pytest.mark.parametrize("kind", ["no process", "another program"])
def test_a_stale_lock_is_removed(platform: Checkout, kind: str) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as other:
        if kind == "no process":
            other.kill()
            other.wait()
        folder = platform.root / ".idp/state/.pulumi/locks/organization/idp/local.platform"
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "pid": other.pid,
            "username": "root",
            "hostname": socket.gethostname(),
            "timestamp": "2026-01-01T00:00:00Z",
        }
        (folder / "0f0f0f0f-stale.json").write_text(json.dumps(content))
        try:
            mended = platform.idp("up", "local", "--json")
        finally:
            other.kill()
    assert mended.code == 0, mended
    assert "platform: removing the lock of an engine that was killed" in mended.err
    assert locks(platform, "platform") == []


def test_ctrl_c_ends_at_a_safe_point(platform: Checkout) -> None:
    run = platform.begin("up", "local", "--refresh")
    until("engine", lambda: [engine for engine in platform.engines() if _is_update(engine)])
    os.kill(run.pid, signal.SIGINT)
    assert run.wait(60) == 1, platform.begun_said()
    assert "interrupted" in platform.begun_said()
    assert "Traceback" not in platform.begun_said()
    until("engines gone", lambda: not platform.engines(), 15)
    assert locks(platform, "platform") == []
    platform.up()


def holder(checkout: Checkout) -> int | None:
    """Return who wrote itself into the environment's lock."""
    try:
        return int(json.loads((checkout.root / ".idp/locks/local.lock").read_text())["pid"])
    except (OSError, ValueError):
        return None


def _is_update(engine: psutil.Process) -> bool:
    try:
        return "up" in engine.cmdline() and "local.platform" in engine.cmdline()
    except psutil.Error:
        return False
