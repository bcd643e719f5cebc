"""A working folder of their own for tests of code that finds its files through `idp.paths`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from idp import cloud, paths
from idp.engine import pending
from idp.loopback.aws.server import Status
from idp.session import Report


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout's working folder, not made yet, to which every path of `idp` leads."""
    folder = tmp_path / "checkout" / ".idp"
    folder.parent.mkdir()
    environments = folder.parent / "environments"
    environments.mkdir()
    monkeypatch.setattr(paths, "ROOT", folder.parent)
    monkeypatch.setattr(paths, "ENVIRONMENTS", environments)
    monkeypatch.setattr(paths, "WORK", folder)
    for name in ("LOCAL", "STATE", "PASSPHRASE", "LOCKS", "LOGS"):
        monkeypatch.setattr(paths, name, folder / name.lower())
    for name, inside in (("PULUMI_HOMES", "pulumi"), ("KUBECONFIGS", "kubeconfigs"), ("EMULATOR", "aws")):
        monkeypatch.setattr(paths, name, folder / inside)
    monkeypatch.setattr(pending, "UNSETTLED", folder / "unsettled")
    return folder


@dataclass
class FakeEmulator:
    """The AWS emulator, which only remembers; it is asked as `idp.cloud` asks for a real one."""

    running: bool = False
    log: list[str] = field(default_factory=list)
    """What was done to it, in order."""
    accounts: list[str | None] = field(default_factory=list)
    """The accounts that it was to play when it was started."""
    account: str | None = None

    def __call__(self, home: Path, account: str | None = None) -> FakeEmulator:
        assert home == paths.EMULATOR
        self.account = account
        return self

    def status(self) -> Status:
        endpoint = "http://127.0.0.1:1" if self.running else None
        return Status(self.running, endpoint, None, None, paths.EMULATOR / "emulator.log")

    def start(self, _report: Report) -> Status:
        self.log.append("start")
        self.accounts.append(self.account)
        self.running = True
        return self.status()

    def stop(self, _report: Report, *, purge: bool = False) -> None:
        self.log.append("purge" if purge else "stop")
        self.running = False

    def leftovers(self) -> list[str]:
        return ["process aws emulator (pid 7)"] if self.running else []


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> FakeEmulator:
    """Return the emulator that `idp.cloud` finds; it does not run yet."""
    found = FakeEmulator()
    monkeypatch.setattr(cloud, "AwsEmulator", found)
    return found


@dataclass(frozen=True)
class Plugins:
    """Where this machine has provider plugins: nowhere yet."""

    home: Path
    """The user's home."""
    on_path: Path
    """A folder on PATH."""

    def add(self, folder: Path, name: str = "aws") -> Path:
        """Put an executable into a folder, as an official plugin would lie there, and return it."""
        executable = folder / f"pulumi-resource-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        executable.write_text("#!/bin/sh\nexit 1\n")
        executable.chmod(0o755)
        return executable


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    """Return a user without any plugin, whose PATH is empty."""
    found = Plugins(tmp_path / "user", tmp_path / "bin")
    monkeypatch.setenv("HOME", str(found.home))
    monkeypatch.setenv("PATH", str(found.on_path))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    return found
