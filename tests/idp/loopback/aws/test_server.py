"""The emulator as a daemon."""

from __future__ import annotations

import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from idp.loopback.aws.client import Client, Credentials
from idp.loopback.aws.leftovers import LISTINGS, leftovers
from idp.loopback.aws.server import AwsEmulator, Status

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
    (home / "emulator.json").write_text(f'{{"pid": {os.getpid()}, "started": 1.0, "port": 1, "instance": "x"}}\n')
    assert emulator.status().running is False
    emulator.stop(lambda _: None)
    assert not (home / "emulator.json").exists()


def _gone(pid: int) -> None:
    for _ in range(100):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.05)
    raise AssertionError(pid)
