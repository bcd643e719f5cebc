"""What the toolchain gives its callers: tools and where each comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from idp.errors import Exit, IdpError

Source = Literal["path", "built", "debian"]
"""`path`: found on this machine; `built`: from a module under tools/; `debian`: unpacked from a package."""

Report = Callable[[str], None]
"""Takes one line of progress."""


@dataclass(frozen=True)
class Tool:
    """One tool that can be run (or, for `cni-plugins`, a folder; for `libseccomp`, a library)."""

    name: str
    version: str
    source: Source
    path: Path
    """Absolute. For `path` the one found, not what its links point to."""


@dataclass(frozen=True)
class Missing:
    """One tool that is not there yet."""

    name: str
    wanted: str
    """The versions that fit, as in the table."""
    remedy: str
    """How `ensure` would get it, with the expected time."""


@dataclass(frozen=True)
class Toolchain:
    """The tools that were asked for, all of them there."""

    tools: Mapping[str, Tool]
    bin: Path
    """A folder of symbolic links to every tool, to put in front of PATH. It never changes once it is there.

    Provider plugins are left out: the engine takes them from PULUMI_HOME (`install_plugins`).
    """

    def path(self, name: str) -> Path:
        """Return where the tool `name` is; `IdpError(INVALID)` when it was not asked for."""
        if name not in self.tools:
            raise IdpError(f"tool {name!r}: not asked for; there are {', '.join(sorted(self.tools))}", Exit.INVALID)
        return self.tools[name].path
