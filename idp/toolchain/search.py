"""Find a tool that is already there: on PATH, or in the cache from an earlier build."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from idp.toolchain import gomodule
from idp.toolchain.ask import version_of
from idp.toolchain.known import KnownVersions
from idp.toolchain.model import Source, Tool
from idp.toolchain.place import Place
from idp.toolchain.spec import AptInstall, DebianUnpack, GoBuild, Spec
from idp.toolchain.versions import fits

MARKER = ".idp-tools"
"""File in every cache of tools by which one knows that it is one, whichever checkout it belongs to."""


def find(place: Place, spec: Spec, known: KnownVersions) -> tuple[Tool, ...] | None:
    """Return all tools of `spec` with a version that fits, those of the machine before those of the cache, or None."""
    for folder in _folders(place, spec):
        if tools := _take(place, spec, folder, "path", known):
            return tools
    if isinstance(spec.recipe, AptInstall):
        return None
    source: Source = "built" if isinstance(spec.recipe, GoBuild) else "debian"
    return _take(place, spec, cached(place, spec), source, known)


def cached(place: Place, spec: Spec) -> Path:
    """Return the folder in the cache for exactly this state of `spec` and its sources, be it there or not."""
    return place.cache / f"{spec.name}-{_hash(place, spec)}"


def _hash(place: Place, spec: Spec) -> str:
    if isinstance(spec.recipe, GoBuild):
        return gomodule.fingerprint(place.sources / spec.recipe.folder, spec.recipe)
    release = _release() if isinstance(spec.recipe, DebianUnpack) else ""
    return hashlib.sha256(repr((spec.recipe, spec.files, platform.machine(), release)).encode()).hexdigest()[:16]


def _release() -> str:
    # The packages link against the libraries of the release they were made for.
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return f"{facts.get('ID')} {facts.get('VERSION_ID')}"


def _folders(place: Place, spec: Spec) -> Iterator[Path]:
    if spec.kind == "library":
        for pattern in spec.where:
            yield from sorted(Path("/").glob(pattern.lstrip("/")))
        return
    if spec.ask is not None and spec.kind == "program":
        # With the toolchain's own bin folder on PATH, built tools must not count as the machine's.
        yield from (folder for folder in place.search if not (folder.parent / MARKER).exists())
    yield from (Path(folder) for folder in spec.where)


def _take(place: Place, spec: Spec, folder: Path, source: Source, known: KnownVersions) -> tuple[Tool, ...] | None:
    paths = [folder / name for name in spec.files]
    if not all(_usable(spec, path) for path in paths):
        return None
    if spec.ask is None:
        version = _untold(place, spec) or folder.name.rpartition("-")[2]
    else:
        version = version_of(spec, paths[0], known)
        if not version or not fits(version, spec.rule):
            return None
    if spec.kind == "program":
        return tuple(Tool(name, version, source, path) for name, path in zip(spec.names, paths, strict=True))
    return (Tool(spec.name, version, source, folder if spec.kind == "folder" else paths[0]),)


def _untold(place: Place, spec: Spec) -> str:
    """Return the version of a tool that does not tell it, taken from its pin; `""` if it is our own."""
    if not isinstance(spec.recipe, GoBuild) or not spec.recipe.pin:
        return ""
    return gomodule.pinned(place.sources / spec.recipe.folder, spec.recipe.pin).removeprefix("v")


def _usable(spec: Spec, path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0 and (spec.kind == "library" or os.access(path, os.X_OK))
    except OSError:
        return False
