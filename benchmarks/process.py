"""Runs a program, and lets it end in peace when somebody presses Ctrl-C."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from idp.errors import IdpError

PATIENCE = 60.0
"""Seconds that an interrupted program may take to end by itself: an update writes its state first."""

TELLING = 5
"""Lines of a failed program's output that its error quotes."""


def run(args: Sequence[str], cwd: Path, environment: Mapping[str, str], timeout: float, *, apart: bool = False) -> str:
    """Run a program and return its standard output; `apart` keeps the terminal's Ctrl-C from it.

    Raises `IdpError` with its last lines if it fails or takes longer than `timeout` seconds.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            args, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=apart
        )
        code = _wait(process, timeout)
        out.seek(0)
        err.seek(0)
        printed = out.read()
        if code != 0:
            told = (err.read().strip() or printed.strip()).splitlines()[-TELLING:]
            how = f"took longer than {timeout:.0f} s" if code is None else f"exit code {code}"
            raise IdpError("\n".join([f"{' '.join(args)}: {how}", *told]))
        return printed


def _wait(process: subprocess.Popen[bytes], timeout: float) -> int | None:
    """Return the exit code, None if there was none in time; the process has ended whatever happens."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    watchdog = threading.Timer(timeout, end)
    watchdog.start()
    try:
        # Without a time-out of its own: that one polls, 50 ms apart, which the measurements would show.
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        _give_up_after(process, PATIENCE)
        raise
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
    return None if late.is_set() else code


def _give_up_after(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
