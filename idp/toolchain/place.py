"""Where a toolchain looks, reads and writes."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from idp import paths
from idp.toolchain.spec import Spec
from idp.toolchain.table import TABLE

SYSTEM_FOLDERS = (Path("/usr/local/sbin"), Path("/usr/sbin"), Path("/sbin"))
"""Where Debian keeps iptables, ipset and runc; often not on the PATH of a person."""


@dataclass(frozen=True)
class Place:
    """One table with its sources and its cache."""

    table: tuple[Spec, ...]
    sources: Path
    """The folder of the Go modules (tools/ in the checkout)."""
    cache: Path
    """Absolute; outside the checkout."""
    search: tuple[Path, ...]
    """Folders in which a program may already be, in order of preference."""
    system: str
    """As `platform.system()` says."""


def here(table: tuple[Spec, ...] = TABLE) -> Place:
    """Return the place of this checkout and this process's PATH; a relative entry of PATH is left out."""
    entries = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep)]
    search = (*(entry for entry in entries if entry.is_absolute()), *SYSTEM_FOLDERS)
    return Place(table, paths.TOOLS, paths.cache().absolute() / "tools", search, platform.system())
