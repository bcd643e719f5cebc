"""Run one program of a build and say in one line what went wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.errors import Exit, IdpError

_FULL = re.compile(r"no space left on device|ENOSPC", re.IGNORECASE)
_OFFLINE = re.compile(
    r"no such host|dial tcp|network is unreachable|TLS handshake timeout|proxyconnect|i/o timeout"
    r"|temporary failure (in name resolution|resolving)|could not (connect|resolve)|unable to connect",
    re.IGNORECASE,
)
_NOISE = re.compile(r"^(go: downloading |# |\s*$)")
_CREDENTIALS = re.compile(r"://[^/\s@]*@")


@dataclass(frozen=True)
class Step:
    """A program to run for a tool."""

    tool: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    log: Path
    """Takes what the program printed when it fails."""


def run(step: Step) -> str:
    """Run `step` to its end and return its standard output.

    The program dies with this process, so that no build goes on behind a killed `idp`.
    Raises `IdpError(MISSING)` for a full disk or no network, `IdpError(FAILED)` for anything else, each in one line.
    """
    done = subprocess.run(
        [*_bound(), *step.command],
        cwd=step.folder,
        env=dict(step.environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise _failure(step, done.returncode, _CREDENTIALS.sub("://", done.stderr + done.stdout))
    return done.stdout


def _bound() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL") if setpriv else ()


def _failure(step: Step, code: int, output: str) -> IdpError:
    lines = [line.strip() for line in output.splitlines() if not _NOISE.match(line)]
    if full := next((line for line in lines if _FULL.search(line)), None):
        return full_disk(step.tool, step.log.parent, _short(full))
    _keep(step.log, output)
    if offline := next((line for line in lines if _OFFLINE.search(line)), None):
        text = f"{step.tool}: what it is made from could not be downloaded; connect to the network or set a proxy"
        return IdpError(f"{text} ({_short(offline)})", Exit.MISSING)
    reason = _short(lines[-1]) if lines else f"exit code {code}"
    return IdpError(f"{step.tool}: {step.command[0]} failed: {reason} (all of it: {step.log})")


def full_disk(tool: str, folder: Path, said: str = "") -> IdpError:
    """Return the error for a disk without room for `tool`, be it the cache in `folder` or one of the compiler's own."""
    there = _existing(folder)
    free = shutil.disk_usage(there).free // 2**20
    detail = f": {said}" if said else ""
    remedy = "make room, or set IDP_CACHE, GOCACHE and GOMODCACHE to another disk"
    return IdpError(f"{tool}: no space left for it ({free} MiB free in {there}){detail}; {remedy}", Exit.MISSING)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _short(line: str) -> str:
    return line if len(line) <= 200 else line[:197] + "..."


def _keep(log: Path, output: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(output)
