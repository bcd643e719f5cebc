"""A disk that is too small, for real: a tmpfs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.errors import Exit, IdpError
from idp.loopback.cluster import LocalCluster, preconditions

from .conftest import Tool

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount, umount = shutil.which("mount"), shutil.which("umount")
    assert mount
    assert umount
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=64m", "tmpfs", tmp_path], check=True)
    yield tmp_path
    subprocess.run([umount, tmp_path], check=True)


def test_too_small_a_disk_is_one_line_and_nothing_is_created(small_disk: Path, tool: Tool) -> None:
    cluster = LocalCluster(small_disk / "deep" / "home", tool)
    with pytest.raises(IdpError, match="64 MiB free, the local cluster needs 1024 MiB") as refused:
        cluster.start(print)
    assert refused.value.code is Exit.MISSING
    assert list(small_disk.iterdir()) == []
    assert cluster.leftovers() == []


def test_disk_that_fills_up_during_the_start_is_one_line_and_stop_cleans_up(
    small_disk: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: Callable[..., None] = lambda *_: None  # noqa: E731
    monkeypatch.setattr(preconditions, "check_space", nothing)
    cluster = LocalCluster(small_disk / "home", tool)
    with pytest.raises(IdpError, match=r"(?i)no space|disk|space left") as failed:
        cluster.start(print)
    assert len(str(failed.value).splitlines()) == 1
    cluster.stop(print, purge=True)
    assert cluster.leftovers() == []
    assert not (small_disk / "home").exists()
