"""Where the values of a secret's fields come from: a terminal, a file or standard input, never the command line.

Every process of a machine can read a command line, and a shell keeps it. So what is wrong with one is told by its
position: it may hold the very value.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from idp.errors import Exit, IdpError
from idp.secrets.naming import FIELDS, is_field
from idp.session import Report

MOST_BYTES = 512 * 1024
"""Of a value. Vault's storage takes 1 MiB for a whole secret (developer.hashicorp.com/vault/docs/internals/limits)."""

STDIN = "-"


@dataclass(frozen=True)
class Asked:
    """Which fields are written, and where the value of each comes from."""

    typed: tuple[str, ...]
    """Fields that are typed at a terminal."""
    piped: str | None
    """Field that is all of standard input."""
    files: Mapping[str, Path]
    """Field -> file."""


def asked(fields: Sequence[str], from_file: Sequence[str]) -> Asked:
    """Return what was asked for; raises `IdpError(INVALID)` for a value on the command line, and what else is wrong."""
    typed: list[str] = []
    piped: list[str] = []
    for position, text in enumerate(fields, 1):
        name, equals, rest = text.partition("=")
        if equals and rest != STDIN:
            raise _wrong(
                f"FIELD {position}: a value is not allowed on a command line, which every process can read: name the "
                "field alone and type it, or use --from-file, or FIELD=- for standard input. What stood there is known"
            )
        if not is_field(name):
            raise _wrong(f"FIELD {position}: not allowed: {FIELDS}")
        (piped if equals else typed).append(name)
    files = dict(_file(position, text) for position, text in enumerate(from_file, 1))
    _check_once([*typed, *piped, *files], len(from_file) - len(files))
    _check_stdin(typed, piped)
    return Asked(tuple(typed), piped[0] if piped else None, files)


def from_files(what: Asked) -> dict[str, str]:
    """Return the values that are in files."""
    return {field: _text(f"--from-file {field}={path}", _read(field, path)) for field, path in what.files.items()}


def from_person(what: Asked, report: Report) -> dict[str, str]:
    """Return the values that are typed, without an echo and twice, or piped in as they are."""
    found: dict[str, str] = {}
    if what.piped is not None:
        place = f"{what.piped}=-"
        value = _text(place, sys.stdin.buffer.read(MOST_BYTES + 1))
        if value.endswith("\n") and "\n" not in value[:-1]:
            report(f"{place}: the line's end is part of the value; `printf %s` writes none")
        found[what.piped] = value
    for field in what.typed:
        found[field] = typer.prompt(field, hide_input=True, confirmation_prompt=True, err=True)
    return found


def _check_once(names: list[str], repeated_files: int) -> None:
    if not names:
        raise _wrong("FIELD: is missing: the names of the fields to write")
    if repeated_files or len(set(names)) != len(names):
        raise _wrong("FIELD: named twice: each field once")


def _check_stdin(typed: list[str], piped: list[str]) -> None:
    if len(piped) > 1:
        raise _wrong("FIELD=-: standard input is one value: one field alone can have it")
    if piped and sys.stdin.isatty():
        raise _wrong("FIELD=-: standard input is a terminal, which would show the value: name the field alone")
    if typed and (piped or not sys.stdin.isatty()):
        raise _wrong("FIELD: there is no terminal to type it at: FIELD=- takes standard input, --from-file a file")


def _file(position: int, text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (equals and path and is_field(name)):
        raise _wrong(f"--from-file {position}: not allowed: FIELD=FILE, FIELD being {FIELDS}")
    return name, Path(path)


def _read(field: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _wrong(f"--from-file {field}={path}: {error.strerror}") from None


def _text(place: str, raw: bytes) -> str:
    if not raw:
        raise _wrong(f"{place}: empty; nothing was written")
    if len(raw) > MOST_BYTES:
        raise _wrong(f"{place}: larger than {MOST_BYTES // 1024} KiB, the most that a value may have")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # The exception itself holds the value.
        pass
    raise _wrong(f"{place}: not text in UTF-8; `base64 FILE` makes text of anything")


def _wrong(message: str) -> IdpError:
    return IdpError(message, Exit.INVALID)
