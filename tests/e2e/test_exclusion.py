"""One at a time on an environment: who comes second waits or is refused, and is never stuck behind somebody gone."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psutil
import pytest

from .checkout import Checkout, Ran, environment, run
from .kubectl import Kubectl, until
from .snapshot import unchanged

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FAILED, BUSY = 1, 4
LAYER = "workspaces"
UP = ("up", "local", "--layer", LAYER)


@pytest.fixture(scope="module")
def quotas(platform: Checkout) -> Iterator[Iterator[int]]:
    """Return numbers of pods, each another one; after the last test the platform is as it was committed."""
    yield count(11)
    platform.describe(None)
    assert platform.idp(*UP).code == 0


@pytest.fixture
def work(platform: Checkout, quotas: Iterator[int]) -> Checkout:
    """Return the platform with one update to make."""
    changed = platform.original.replace("pods: 10", f"pods: {next(quotas)}")
    assert changed != platform.original
    platform.describe(changed)
    return platform


def locks(platform: Checkout, layer: str = LAYER) -> list[Path]:
    """Return the lock files of the engine itself."""
    return sorted(_locks_folder(platform, layer).glob("*.json"))


def _locks_folder(platform: Checkout, layer: str = LAYER) -> Path:
    return platform.root / f".idp/state/.pulumi/locks/organization/idp/local.{layer}"


def updates(platform: Checkout, layer: str = LAYER) -> int:
    """Return how many updates the layer has ever had."""
    return len(list((platform.root / f".idp/state/.pulumi/history/idp/local.{layer}").glob("*.history.json")))


def updating(platform: Checkout, run_by: subprocess.Popen[str]) -> psutil.Process:
    """Return the engine that updates the layer, as soon as it has locked it."""

    def engine() -> psutil.Process | None:
        assert run_by.poll() is None, "the update was over before anybody saw it"
        for lock in locks(platform):
            with suppress(FileNotFoundError, ValueError, psutil.Error):
                return psutil.Process(int(json.loads(lock.read_text())["pid"]))
        return None

    found = until("an engine that updates", engine, 120)
    assert found is not None
    return found


@contextmanager
def frozen(process: psutil.Process) -> Iterator[psutil.Process]:
    """Hold a process where it is, so that nothing depends on how long its work takes."""
    process.suspend()
    try:
        yield process
    finally:
        process.resume()


@contextmanager
def begun(checkout: Checkout, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command; it is waited for, whatever happens."""
    with subprocess.Popen(
        command,
        cwd=checkout.root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


STOCK = (
    "bash",
    "-euc",
    f'eval "$(.venv/bin/idp env-vars local)"; exec pulumi up --yes --skip-preview -s local.{LAYER}',
)
"""The command of a person who knows nothing of `idp` but `env-vars`."""


def assert_refused(ran: Ran, *lines: str) -> None:
    """Assert that a command ended as busy, with these lines (regular expressions) and nothing else."""
    assert ran.code == BUSY, ran
    assert ran.out == "", ran
    assert len(ran.errors()) == len(ran.err.splitlines()) == len(lines), ran
    for line, pattern in zip(ran.errors(), lines, strict=True):
        assert re.fullmatch(pattern, line), ran


def test_two_make_up_at_once_one_waits_for_the_other(work: Checkout) -> None:
    before = updates(work)
    command = ("make", "--no-print-directory", "up")
    with begun(work, *command) as one, begun(work, *command) as other:
        order = _runs_seen(work, one, other)
        ends = [process.communicate(timeout=5) for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), ends
    waited = [match[1] for _, err in ends for match in re.finditer(r"waiting for idp up local \(pid (\d+), since", err)]
    assert {int(pid) for pid in waited} == {order[0]}, "the second names the first"
    assert sum("waiting for" in err for _, err in ends) == 1, "one waits, and one only"
    assert len(order) == 2, "both have looked"
    assert sorted("1 update" in out for out, _ in ends) == [False, True], ends
    assert updates(work) == before + 1


def _runs_seen(platform: Checkout, *commands: subprocess.Popen[str]) -> list[int]:
    """Return the pids of the `idp` whose engines worked, in order; fails if two had engines at the same time."""
    order: list[int] = []
    deadline = time.monotonic() + 200
    while any(command.poll() is None for command in commands):
        assert time.monotonic() < deadline
        owners = {owner for engine in platform.engines() if (owner := _owner(engine)) is not None}
        assert len(owners) <= 1, "two at once"
        order += [owner for owner in owners if owner not in order]
        time.sleep(0.1)
    return order


def _owner(engine: psutil.Process) -> int | None:
    """Return the pid of the `idp` that started an engine which works, rather than lists what there is."""
    with suppress(psutil.Error, OSError, LookupError):
        if {"up", "preview", "refresh"}.intersection(engine.cmdline()):
            return int(engine.environ()["IDP_ENGINE"].split("|")[1])
    return None


def test_while_one_works_all_others_are_refused(work: Checkout) -> None:
    before = updates(work)
    with begun(work, str(work.root / ".venv/bin/idp"), *UP) as first:
        # Only for a moment: the engine's plugins give up on one that keeps silent.
        with frozen(updating(work, first)):
            person = run(*STOCK, cwd=work.root)
        with frozen(psutil.Process(first.pid)):
            held = rf"held by idp up local \(pid {first.pid}, since \S+Z\); try again when it has ended"
            for command in (
                ("up", "local"),
                ("down", "local"),
                ("local", "start"),
                ("local", "stop", "--purge"),
                ("local", "remove"),
            ):
                assert_refused(work.idp(*command, "--wait", "0"), f"error local: {held}")
            impatient = work.idp(*UP, "--wait", "1")
            looks = [work.idp(*command) for command in (("status", "local"), ("outputs", "local"))]
        out, err = first.communicate(timeout=120)
    assert person.code != 0, person
    assert "locked" in person.err, person
    assert impatient.code == BUSY, impatient
    assert f"· waiting for idp up local (pid {first.pid}, since" in impatient.err
    assert impatient.seconds > 1
    assert [look.code for look in looks] == [0, 0], "who only looks is not held up"
    assert first.returncode == 0, out + err
    assert "1 update" in out, "nobody disturbed the first"
    assert updates(work) == before + 1
    assert locks(work) == []


def test_a_pulumi_of_the_person_is_not_disturbed(work: Checkout, kubectl: Kubectl) -> None:
    with begun(work, *STOCK) as person:
        with frozen(updating(work, person)) as engine, unchanged(work, kubectl):
            held = json.loads(locks(work)[0].read_text())
            where = rf"\(pid {engine.pid} on {socket.gethostname()}, since {re.escape(held['timestamp'])}\)"
            for command in (UP, ("down", "local", "--layer", LAYER)):
                assert_refused(work.idp(*command), f"error local.{LAYER}: held by a pulumi of your own {where}")
        out, err = person.communicate(timeout=120)
    assert person.returncode == 0, out + err
    assert "1 updated" in out
    assert locks(work) == []


def test_ctrl_c_stops_the_engine_and_leaves_no_lock(work: Checkout) -> None:
    with begun(work, str(work.root / ".venv/bin/idp"), *UP) as first:
        engine = updating(work, first)
        # Before its program runs, an engine is not ready for Ctrl-C and dies of it; the next `up` mends that.
        until("the engine's program", engine.children, 60)
        with frozen(engine):
            first.send_signal(signal.SIGINT)
        out, err = first.communicate(timeout=60)
    assert first.returncode == FAILED, out + err
    assert "· interrupted: the engine ends what it is doing" in err
    assert "Traceback" not in err
    assert not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE
    assert locks(work) == []
    assert work.idp(*UP).code == 0


NOBODY = 2**22 + 1
"""A process id larger than any that Linux gives out."""


def test_locks_of_engines_that_are_gone_are_removed(platform: Checkout) -> None:
    folder = _locks_folder(platform)
    folder.mkdir(parents=True, exist_ok=True)
    stale = {
        "gone": json.dumps(_lock(NOBODY, socket.gethostname())),
        "its number is another program's by now": json.dumps(_lock(psutil.Process().pid, socket.gethostname())),
        "killed while it wrote this": '{"pid": 1',
    }
    for why, content in stale.items():
        (folder / f"{why}.json").write_text(content)
    # Of our own lock the kernel has let go when its holder died; what is written there holds nobody up.
    (platform.root / ".idp/locks/local.lock").write_text(
        json.dumps({"pid": NOBODY, "command": "idp up local", "since": "2026-01-01T00:00:00Z"})
    )
    platform.describe(None)
    mended = platform.idp(*UP, "--wait", "0", "--json")
    assert mended.code == 0, mended
    assert mended.err.count(f"{LAYER}: removing the lock of an engine that was killed") == len(stale)
    assert locks(platform) == []


def test_a_lock_of_another_machine_is_respected(platform: Checkout, kubectl: Kubectl) -> None:
    """Nobody can tell from here whether its process lives."""
    folder = _locks_folder(platform)
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / "elsewhere.json"
    lock.write_text(json.dumps(_lock(4321, "another.example")))
    try:
        with unchanged(platform, kubectl):
            assert_refused(
                platform.idp(*UP),
                rf"error local\.{LAYER}: held by a pulumi of your own"
                r" \(pid 4321 on another\.example, since 2026-01-01T00:00:00Z\)",
            )
    finally:
        lock.unlink()


def _lock(pid: int, hostname: str) -> dict[str, object]:
    """Return the content of a lock as the engine writes it."""
    return {"pid": pid, "username": "root", "hostname": hostname, "timestamp": "2026-01-01T00:00:00Z"}
