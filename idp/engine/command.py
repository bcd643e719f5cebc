"""The engine's command line, run so that it survives the death of the one who runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import CommandError, create_command_error
from semver import VersionInfo

from idp import paths
from idp.engine.orphans import MARK
from idp.files import open_private


class EngineCommand(PulumiCommand):
    """Automation API's command, with its output in files and descriptors that the engine inherits.

    With pipes the engine would die of SIGPIPE in the middle of an update when `idp` is killed. With files and
    an inherited lock it ends its update in peace, and the next `idp` waits for it.
    """

    def __init__(self, binary: Path, version: str, mark: str) -> None:
        # Not the base class's: it runs `pulumi version` each time, and the toolchain has checked it already.
        self.command = str(binary)
        self.version = VersionInfo.parse(version)
        self._mark = mark
        self._inherited: list[int] = []
        self._running: set[subprocess.Popen[str]] = set()
        self._guard = threading.RLock()  # a signal handler takes it, maybe while this thread holds it

    def inherit(self, descriptor: int) -> None:
        """Pass `descriptor` on to every engine started from now on."""
        with self._guard:
            self._inherited.append(descriptor)

    def disinherit(self, descriptor: int) -> None:
        """Pass `descriptor` on no longer."""
        with self._guard:
            self._inherited.remove(descriptor)

    def interrupt(self) -> None:
        """Ask every running engine to stop at the next safe point, as Ctrl-C does."""
        with self._guard:
            for process in self._running:
                process.send_signal(signal.SIGINT)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Any = None,  # noqa: ANN401, ARG002 the base class's signature; the event log tells more
        on_error: Any = None,  # noqa: ANN401, ARG002
    ) -> CommandResult:
        """Run `pulumi ARGS`; raises the Automation API's `CommandError` when it fails."""
        out, err = _logs(args)
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true", MARK: self._mark}
        with open_private(out) as stdout, open_private(err) as stderr:
            code = self._wait(args, cwd, environment, stdout, stderr)
            result = CommandResult(stdout=_written(stdout), stderr=_written(stderr) + _killed(code), code=code)
        if code != 0:
            raise create_command_error(result)
        return result

    def _wait(self, args: list[str], cwd: str, environment: Mapping[str, str], stdout: IO[str], stderr: IO[str]) -> int:
        process = subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=tuple(self._inherited),
            text=True,
            # Its own session: Ctrl-C reaches `idp` only, which passes it on once; a second one would end it hard.
            start_new_session=True,
        )
        with self._guard:
            self._running.add(process)
        try:
            return process.wait()
        finally:
            with self._guard:
                self._running.discard(process)


def _written(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _killed(code: int) -> str:
    """Return what a killed engine could not say itself; empty for an exit of its own."""
    return f"\nerror: the engine was ended by {signal.Signals(-code).name}\n" if code < 0 else ""


def reason(error: CommandError) -> str:
    """Return the engine's own word for a failure that no event told."""
    lines = [_LABEL.sub("", line.strip()).strip() for line in str(error).splitlines()]
    told = [line for line in lines if line.startswith("error:")] or [line for line in lines if line]
    if told and _SEVERAL.fullmatch(told[-1]):
        told += ["; ".join(item[1] for line in lines if (item := _ITEM.fullmatch(line))) or told[-1]]
    return told[-1].removeprefix("error:").strip() if told else "the engine gave no reason"


_SEVERAL = re.compile(r"error: \d+ errors occurred:")
_ITEM = re.compile(r"\d+\) (?!Unknown$)(.+)")
"""How the engine lists several reasons, each on a line of its own; one that says nothing is left out."""

_LABEL = re.compile(r"^(code: -?\d+$|stdout:|stderr:)")
"""What the Automation API writes before the engine's words, on the line of the first of them."""


def _logs(args: list[str]) -> tuple[Path, Path]:
    """Return where a call's output goes: one pair of files for each stack and command, of the last run."""
    stack = next((args[at + 1] for at, arg in enumerate(args[:-1]) if arg == "--stack"), "engine")
    verb = "-".join(arg for arg in args[:2] if not arg.startswith("-"))
    return paths.LOGS / f"{stack}.{verb}.out", paths.LOGS / f"{stack}.{verb}.err"
