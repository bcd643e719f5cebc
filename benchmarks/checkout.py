"""A copy of the checkout in which the platform stands for as long as it is measured."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from benchmarks.process import run
from idp.errors import Exit, IdpError

UP, DOWN = 3600.0, 300.0
"""Seconds that `make up` (it may have to build the tools) and `make down` may take."""

_STRANGE = ("PULUMI_", "MAKE", "MFLAGS", "KUBECONFIG", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
"""Beginnings of variables that would make one run differ from another; without stored bytecode most of each
measured second would be Python's compiler."""


@contextmanager
def standing(source: Path, report: Callable[[str], None]) -> Iterator[Path]:
    """Yield the folder of a copy of `source` with the local environment up; removes both whatever happens."""
    root = Path(tempfile.mkdtemp(prefix="idp-bench-"))
    checkout = root / "checkout"
    try:
        report(f"copying the checkout to {checkout}")
        copy(source, checkout)
        report("make up: dependencies, tools, cluster, all layers (about a minute once the tools are built)")
        run(["make", "up", "ENV=local"], checkout, environment(), UP)
        yield checkout
    finally:
        _remove(root, checkout, report)


def copy(source: Path, target: Path) -> None:
    """Copy what git knows or would add; nothing that is ignored, such as state, credentials and dependencies."""
    git = shutil.which("git")
    if git is None:
        raise IdpError("git: not found on PATH; it tells which files belong to the checkout", Exit.MISSING)
    listed = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=source,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        raise IdpError(f"{source}: not a git checkout", Exit.INVALID)
    for name in filter(None, listed.stdout.split("\0")):
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def environment() -> Mapping[str, str]:
    """Return this process's environment variables without those that would make runs differ."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_STRANGE)}


def _remove(root: Path, checkout: Path, report: Callable[[str], None]) -> None:
    def wait_please(_number: int, _frame: FrameType | None) -> None:
        report("still removing what was stood up; it ends by itself")

    before = {number: signal.signal(number, wait_please) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if (checkout / ".venv").exists():
            report("make down: removing the copy's environment")
            run(["make", "down"], checkout, environment(), DOWN, apart=True)
        shutil.rmtree(root)
    except IdpError as error:
        raise IdpError(f"{error}\nleft behind: {checkout}; `make down` there removes what runs") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
