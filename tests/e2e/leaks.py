"""The search for secrets where none may be: files, file systems of a cluster, processes and what commands print."""

from __future__ import annotations

import base64
import gzip
import math
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_CHUNK = 64 << 20
_WHAT = ("cmdline", "environ")
_PAUSE = 0.05
"""Seconds between two looks at all processes."""


def disguises(mark: str) -> list[bytes]:
    """Return what a mark of hexadecimal digits looks like within a text: plain, in base64, twice so, and in hex.

    What base64 makes of a part depends on where the part begins, modulo 3.
    """
    plain = mark.encode()
    once = [_encoded(plain, before) for before in range(3)]
    twice = [_encoded(one, before) for one in once for before in range(3)]
    return [plain, *once, *twice, plain.hex().encode(), plain.hex().upper().encode()]


def _encoded(part: bytes, before: int) -> bytes:
    """Return what is sure of the base64 of a text with `part` in it, after a number of other bytes (modulo 3)."""
    whole = base64.b64encode(b"\0" * before + part)
    last = (before + len(part)) * 8 // 6
    return whole[math.ceil(before * 8 / 6) : last]


@dataclass
class Search:
    """Looks for marks; what it has found, and how much it has looked through, by place."""

    marks: tuple[str, ...]
    found: dict[str, set[str]] = field(default_factory=dict)
    """Place -> marks that are there, in whatever disguise."""
    looked: dict[str, int] = field(default_factory=dict)
    """Kind of place -> bytes."""

    def __post_init__(self) -> None:
        self._needles = {mark: disguises(mark) for mark in self.marks}
        self._longest = max(len(one) for needles in self._needles.values() for one in needles)

    def text(self, kind: str, place: str, content: str | bytes) -> None:
        """Look through a text; its `kind` must not be empty in the end."""
        data = content.encode() if isinstance(content, str) else content
        self.looked[kind] = self.looked.get(kind, 0) + len(data)
        for mark, needles in self._needles.items():
            if any(needle in data for needle in needles):
                self.found.setdefault(place, set()).add(mark)

    def file(self, kind: str, path: Path, place: str | None = None) -> None:
        """Look through a file, which may be gone by now; the kubelet compresses (gzip) what containers have printed."""
        opened = gzip.open if path.suffix == ".gz" else open
        with suppress(FileNotFoundError, ProcessLookupError), opened(path, "rb") as stream:
            rest = b""
            while chunk := stream.read(_CHUNK):
                self.text(kind, place or str(path), rest + chunk)
                rest = chunk[-self._longest :]

    def folder(self, kind: str, folder: Path, place: str | None = None) -> None:
        """Look through all files below a folder, without following links."""
        for path in regular(folder):
            self.file(kind, path, f"{place}/{path.relative_to(folder)}" if place is not None else None)

    def folders(self, folder: Path, parts: Sequence[str]) -> None:
        """Look through all files below a folder; each of its parts is a kind of its own, and so is the rest."""
        for path in regular(folder):
            within = path.relative_to(folder)
            self.file(next((part for part in parts if within.is_relative_to(part)), f"rest of {folder.name}"), path)

    def memory(self, kind: str, processes: Iterable[int]) -> None:
        """Look through the file systems in memory that these processes have and this one has not, each once."""
        known = {device for _, device in _in_memory(os.getpid())}
        for process in processes:
            for where, device in _in_memory(process):
                if device not in known:
                    known.add(device)
                    self.folder(kind, Path(f"/proc/{process}/root{where}"), where)


def _in_memory(process: int) -> list[tuple[str, int]]:
    """Return mount point and device of each file system in memory that a process sees; nothing once it has ended."""
    found = []
    with suppress(OSError):
        for line in Path(f"/proc/{process}/mounts").read_text().splitlines():
            _, where, form = line.split()[:3]
            if form in ("tmpfs", "ramfs"):
                with suppress(OSError):
                    found.append((where, Path(f"/proc/{process}/root{where}").stat().st_dev))
    return found


def regular(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder, on its own file system."""
    device = folder.stat().st_dev
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if _device(Path(parent) / name) == device]
        for name in names:
            path = Path(parent) / name
            # Names of network namespaces are files of another file system, which nobody can read.
            if _device(path) == device and path.is_file() and not path.is_symlink():
                yield path


def _device(path: Path) -> int | None:
    with suppress(OSError):
        return path.lstat().st_dev
    return None


class Watch:
    """Looks at command lines and environment variables of all processes again and again, in a thread."""

    def __init__(self, search: Search) -> None:
        self.rounds = 0
        self.seen: set[str] = set()
        """Names of programs that ran meanwhile."""
        self._search = search
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(_PAUSE)

    def look(self) -> None:
        """Look once."""
        for process in psutil.pids():
            for what in _WHAT:
                with suppress(OSError):
                    content = Path(f"/proc/{process}/{what}").read_bytes()
                    self._search.text(what, f"{what} of {process}", content)
            with suppress(OSError):
                self.seen.add(Path(f"/proc/{process}/comm").read_text().strip())
        self.rounds += 1
