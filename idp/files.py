"""Writing files so that a killed writer never leaves half of one, and nobody else reads them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

PRIVATE = 0o600


def write(path: Path, content: str | bytes, mode: int = PRIVATE) -> None:
    """Replace `path` with `content` in one step; an equal file is left alone.

    Raises OSError, with the old file still whole.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data and path.stat().st_mode & 0o777 == mode:
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def open_private(path: Path) -> IO[str]:
    """Open a new, empty file at `path` for writing and reading, readable by this user only; its folder is made.

    Whoever has the previous file of that name open keeps it, whole: two runs at once never write into each other's.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        Path(draft).replace(path)
    except OSError:
        os.close(descriptor)
        Path(draft).unlink()
        raise
    return os.fdopen(descriptor, "w+")
