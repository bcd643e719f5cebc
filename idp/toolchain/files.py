"""Put files and links in place so that a reader sees the old or the new one, never a half."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = ".tmp-"
"""How the name of everything unfinished in the cache begins."""


def replace_link(link: Path, target: Path) -> None:
    """Make `link` a symbolic link to `target` in one step."""
    temporary = link.with_name(f"{TEMPORARY}{link.name}-{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty sibling of `folder` that becomes `folder` when the block ends well, and goes when it does not."""
    temporary = folder.with_name(f"{TEMPORARY}{folder.name}-{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        # What is there by that name is incomplete: a complete one is not made again.
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(cache: Path) -> None:
    """Remove what builds that were killed left in `cache`. Call it only while holding the cache's lock."""
    for left in cache.glob(f"{TEMPORARY}*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
