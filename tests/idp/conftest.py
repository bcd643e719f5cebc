"""A working folder of their own for tests of code that finds its files through `idp.paths`."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp import paths
from idp.engine import pending


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
    monkeypatch.setattr(paths, "PULUMI_HOME", folder / "pulumi")
    monkeypatch.setattr(pending, "UNSETTLED", folder / "unsettled")
    return folder
