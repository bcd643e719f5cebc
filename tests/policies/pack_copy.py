"""The pack in a folder of its own, where a test may take rules away, add some, or put an environment beside it."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

PACK = Path(__file__).resolve().parents[2] / "policies"


def copied(folder: Path, rules: Collection[str] | None = None) -> Path:
    """Copy the pack into `folder`, with all its rules or with some; return where it is."""
    pack = folder / "policies"
    shutil.copytree(PACK, pack, ignore=shutil.ignore_patterns("__pycache__"))
    for rule in (pack / "rules").glob("[!_]*.py") if rules is not None else ():
        if rule.stem not in rules:
            rule.unlink()
    return pack
