"""From the paths of a command line to the bytes of files, of which none is trusted."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from idp.check.documents import LARGEST
from idp.check.found import printable

STANDARD_INPUT = "-"
ENDINGS = (".yaml", ".yml", ".json")
"""Names of files that are read in a folder; a file that is named itself may have any."""

LARGEST_SUM = 512 * 2**20
"""Bytes of all files of one command."""


@dataclass(frozen=True, slots=True)
class Source:
    """The content of one file."""

    path: str
    """As it may be printed."""
    raw: bytes
    """At most one byte more than a file may have."""
    named: bool
    """Whether somebody named it, rather than its folder."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be judged; `str(problem)` is one line."""

    path: str
    message: str
    line: int | None = None
    place: str = ""

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return ": ".join(part for part in (where, self.place, self.message) if part)


class _Refused(Exception):  # noqa: N818 - ends the reading of one file
    pass


def sources(paths: Sequence[str], standard_input: BinaryIO, note: Callable[[str], None]) -> Iterator[Source | Problem]:
    """Yield each file once, in the order of paths and names, or why it cannot be read."""
    seen: set[str] = set()
    total = 0
    for path, named in _files(paths, note):
        if isinstance(path, Problem):
            yield path
            continue
        real = path if path == STANDARD_INPUT else os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        try:
            raw = standard_input.read(LARGEST + 1) if path == STANDARD_INPUT else _content(path)
        except (_Refused, OSError) as error:
            yield Problem(shown(path), _reason(error))
            continue
        total += len(raw)
        if total > LARGEST_SUM:
            yield Problem(shown(path), f"too much in all: at most {LARGEST_SUM // 2**20} MiB; check the rest by itself")
            return
        yield Source(shown(path), raw, named)


def shown(path: str) -> str:
    """Return a path as it may be printed, whatever bytes it has."""
    return printable(os.fsencode(path).decode(errors="backslashreplace").removeprefix("./"))


def from_here(path: str) -> str:
    """Return a path as others find it who start where the command was run, which is a repository's root in a job."""
    if path == STANDARD_INPUT:
        return "stdin"
    here = os.getcwd()  # noqa: PTH109 - as text, like the path
    below = os.path.relpath(path, here)
    return path if os.path.isabs(path) and below.startswith("..") else below  # noqa: PTH117


def _reason(error: Exception) -> str:
    if isinstance(error, _Refused):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOENT:
        return "does not exist; allowed are files, folders and - for the standard input"
    return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"


def _files(paths: Sequence[str], note: Callable[[str], None]) -> Iterator[tuple[str | Problem, bool]]:
    for path in paths:
        if path != STANDARD_INPUT and os.path.isdir(path):  # noqa: PTH112 - paths may be no text
            found = False
            for inner in _inside(path, note):
                found = True
                yield inner, False
            if not found:
                yield Problem(shown(path), f"holds nothing to check; allowed are files {', '.join(ENDINGS)}"), True
        else:
            yield path, True


def _inside(folder: str, note: Callable[[str], None]) -> Iterator[str | Problem]:
    """Yield the files below a folder; links to folders are not followed, so there is no way round in circles."""
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(current) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            yield Problem(shown(current), _reason(error))
            continue
        folders: list[str] = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.is_symlink() and os.path.isdir(entry.path):  # noqa: PTH112
                note(f"{shown(entry.path)}: a link to a folder is not followed; name it to have it checked")
            elif entry.name.lower().endswith(ENDINGS):
                yield entry.path
        waiting += reversed(folders)


def _content(path: str) -> bytes:
    # Opening a pipe waits for its writer unless told not to.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _Refused("is no file but a device, pipe or socket; give a pipe's content on standard input with -")
        return stream.read(LARGEST + 1)
