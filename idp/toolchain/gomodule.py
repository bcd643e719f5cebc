"""Read a pinned Go module under tools/: its pins, and the hash of all that its binaries depend on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from idp.errors import Exit, IdpError
from idp.toolchain.spec import GoBuild

ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -trimpath", "GOTOOLCHAIN": "local", "GOWORK": "off"}
"""Of every Go build: static, the same from any folder, with the compiler that is there, with our pins only."""

STRIP = "-s -w"
"""Leaves out symbol tables and debug information: 440 MB of provider become 190."""


def pinned(folder: Path, module: str) -> str:
    """Return the version at which `folder`/go.mod pins `module`, such as `v1.33.3`.

    Raises `IdpError(INVALID)` when it does not.
    """
    match = re.search(rf"^(?:require\s+|\s+){re.escape(module)}\s+(v\S+)", _read(folder / "go.mod"), re.MULTILINE)
    if match is None:
        raise IdpError(f"{folder / 'go.mod'}: must require {module}", Exit.INVALID)
    return match[1]


def go_floor(folder: Path) -> str:
    """Return the Go version that `folder`/go.mod needs at least, such as `1.26`."""
    match = re.search(r"^go\s+(\d+(?:\.\d+)*)", _read(folder / "go.mod"), re.MULTILINE)
    if match is None:
        raise IdpError(f"{folder / 'go.mod'}: must have a go line", Exit.INVALID)
    return match[1]


def link_flags(folder: Path, recipe: GoBuild) -> str:
    """Return the value of -ldflags for `recipe`."""
    if not recipe.link:
        return STRIP
    version = pinned(folder, recipe.pin)
    major, minor = version.removeprefix("v").split(".")[:2]
    return " ".join([STRIP, *(flag.format(version=version, major=major, minor=minor) for flag in recipe.link)])


def fingerprint(folder: Path, recipe: GoBuild) -> str:
    """Return 16 hex digits that change with go.mod (and so the Go version it needs), go.sum, own sources and flags."""
    digest = hashlib.sha256()
    for path in _sources(folder):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode())
        digest.update(content)
    digest.update(repr((sorted(ENVIRONMENT.items()), link_flags(folder, recipe), recipe)).encode())
    if recipe.tags or recipe.output:
        # Only then: every other tool keeps the folder in the cache that it had before there were any.
        digest.update(repr((recipe.tags, recipe.output)).encode())
    return digest.hexdigest()[:16]


def _sources(folder: Path) -> Iterator[Path]:
    _read(folder / "go.mod")
    # Tests are not in the binaries; a hidden folder is an editor's.
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and not path.name.endswith("_test.go"):
            yield path


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        raise IdpError(f"{path}: not there; run idp from its checkout", Exit.MISSING) from None
