"""The emulator as a daemon."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from idp.errors import Exit, IdpError
from idp.loopback.aws.client import Client, Credentials
from idp.loopback.aws.leftovers import LISTINGS, leftovers
from idp.loopback.aws.server import MARK, AwsEmulator, Status

REGION = "eu-central-1"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[AwsEmulator]:
    made = AwsEmulator(tmp_path / "home", "111122223333")
    yield made
    made.stop(print)


def _client(status: Status) -> Client:
    services = {listing.service for listing in LISTINGS} | {"sts", "kms"}
    return Client(REGION, Credentials("x", "x"), dict.fromkeys(services, str(status.endpoint)))


def _port(status: Status) -> int:
    return int(str(status.endpoint).rsplit(":", 1)[-1])


def test_life(emulator: AwsEmulator, tmp_path: Path) -> None:
    assert emulator.status().running is False
    said: list[str] = []
    started = emulator.start(said.append)
    assert started.running
    assert said == ["starting: aws"]
    assert emulator.start(said.append) == started
    assert AwsEmulator(tmp_path / "home", "111122223333").status() == started
    listening = [item for item in psutil.Process(started.pid).net_connections() if item.status == "LISTEN"]
    assert [item.laddr.ip for item in listening] == ["127.0.0.1"]
    for path in (tmp_path / "home").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path

    client = _client(started)
    assert client.account == "111122223333"
    assert leftovers(str(started.endpoint), (REGION,)) == []
    client.send("iam", "create_user", {"UserName": "somebody"}, REGION)
    client.send("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, "eu-west-1")
    found = leftovers(str(started.endpoint))
    assert any("somebody" in line for line in found)
    assert any(line.startswith("ec2 describe_vpcs: vpc-") and line.endswith("(eu-west-1)") for line in found)

    emulator.stop(said.append)
    assert not psutil.pid_exists(int(started.pid or 0))
    assert emulator.status().running is False
    emulator.stop(said.append)
    again = emulator.start(said.append)
    assert again.endpoint == started.endpoint
    assert again.instance != started.instance
    assert leftovers(str(again.endpoint), (REGION,)) == []


def test_a_killed_daemon_is_replaced_and_the_loss_is_said(emulator: AwsEmulator) -> None:
    started = emulator.start(lambda _: None)
    os.kill(int(started.pid or 0), signal.SIGKILL)
    _gone(int(started.pid or 0))
    assert emulator.status().running is False
    said: list[str] = []
    again = emulator.start(said.append)
    assert again.running
    assert again.endpoint == started.endpoint
    assert "all that was in it is gone" in said[0]


def test_a_port_that_somebody_took(emulator: AwsEmulator) -> None:
    started = emulator.start(lambda _: None)
    emulator.stop(lambda _: None)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", _port(started)))
        taken.listen()
        assert _port(emulator.start(lambda _: None)) != _port(started)


def test_a_port_that_comes_free_a_moment_later(emulator: AwsEmulator) -> None:
    started = emulator.start(lambda _: None)
    emulator.stop(lambda _: None)
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", _port(started)))
    taken.listen()
    threading.Timer(0.5, taken.close).start()
    assert emulator.start(lambda _: None).endpoint == started.endpoint


def test_records_that_cannot_be_read(emulator: AwsEmulator, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name, content in (("emulator.json", "{"), ("port", "many")):
        (home / name).write_text(content)
    assert emulator.status().running is False
    assert emulator.start(lambda _: None).running


def test_somebody_elses_process_is_left_alone(emulator: AwsEmulator, tmp_path: Path) -> None:
    """A recorded pid that was given to another process is not the emulator."""
    home = tmp_path / "home"
    home.mkdir()
    record = {"pid": os.getpid(), "started": 1.0, "endpoint": "http://127.0.0.1:1", "instance": "x"}
    (home / "emulator.json").write_text(json.dumps(record))
    assert emulator.status().running is False
    emulator.stop(lambda _: None)
    assert not (home / "emulator.json").exists()


def test_the_record_says_where_it_answers(emulator: AwsEmulator, tmp_path: Path) -> None:
    """Stack programs read it; nothing else tells them."""
    started = emulator.start(lambda _: None)
    record = json.loads((tmp_path / "home" / "emulator.json").read_text())
    assert record["endpoint"] == started.endpoint
    assert record["pid"] == started.pid
    assert set(psutil.Process(started.pid).environ()) == {"PATH", "HOME", "LC_ALL", MARK}
    assert emulator.leftovers() == [f"process aws emulator (pid {started.pid})"]
    assert AwsEmulator(tmp_path / "another").leftovers() == []
    emulator.stop(lambda _: None)
    assert not (tmp_path / "home" / "emulator.json").exists()
    assert emulator.leftovers() == []


@pytest.mark.parametrize("then", ["start", "stop"])
def test_one_that_nobody_recorded_is_found_and_ended(emulator: AwsEmulator, tmp_path: Path, then: str) -> None:
    """Whoever started it was killed before the record was written."""
    orphan = emulator.start(lambda _: None)
    (tmp_path / "home" / "emulator.json").unlink()
    assert emulator.status().running is False
    assert emulator.leftovers() == [f"process aws emulator (pid {orphan.pid})"]
    if then == "start":
        again = emulator.start(lambda _: None)
        assert again.pid != orphan.pid
        assert again.endpoint == orphan.endpoint
        assert emulator.leftovers() == [f"process aws emulator (pid {again.pid})"]
    else:
        emulator.stop(lambda _: None)
        assert emulator.leftovers() == []
    assert not psutil.pid_exists(int(orphan.pid or 0))


def test_purge_removes_the_folder_and_stop_does_not(emulator: AwsEmulator, tmp_path: Path) -> None:
    emulator.start(lambda _: None)
    emulator.stop(lambda _: None)
    assert (tmp_path / "home" / "port").exists()
    emulator.start(lambda _: None)
    emulator.stop(lambda _: None, purge=True)
    assert emulator.leftovers() == []
    assert [path.name for path in tmp_path.iterdir()] == ["home-emulator.lock"]
    emulator.stop(lambda _: None, purge=True)


def test_stop_without_any_start_makes_nothing(emulator: AwsEmulator, tmp_path: Path) -> None:
    emulator.stop(print, purge=True)
    assert list(tmp_path.iterdir()) == []


def test_purge_leaves_a_folder_alone_that_is_no_emulators(emulator: AwsEmulator, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    with pytest.raises(IdpError, match="not the AWS emulator's folder") as refused:
        emulator.stop(print, purge=True)
    assert refused.value.code is Exit.INVALID
    assert [path.name for path in home.iterdir()] == ["thesis.txt"]


def test_a_start_that_was_killed_at_once_can_be_purged(emulator: AwsEmulator, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".port.4711").write_text("4")
    emulator.stop(print, purge=True)
    assert not home.exists()


def _gone(pid: int) -> None:
    for _ in range(100):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.05)
    raise AssertionError(pid)
