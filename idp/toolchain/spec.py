"""The words in which the table describes a tool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from idp.toolchain.versions import ANY


@dataclass(frozen=True)
class ModuleFile:
    """A file of a Go module that the build takes from the module cache."""

    module: str
    path: str
    """Relative to the module's folder."""
    target: str
    """Where it goes: a name in the output folder for a copy, a path under tools/NAME for an overlay."""


@dataclass(frozen=True)
class GoBuild:
    """Built with Go from the pinned module tools/NAME."""

    folder: str
    """NAME: the folder under tools/ with go.mod and go.sum."""
    packages: tuple[str, ...]
    """What `go build` is given: import paths, or paths relative to the folder."""
    pin: str = ""
    """The module in go.mod whose version is the tool's; empty when the tool is our own."""
    link: tuple[str, ...] = ()
    """More for -ldflags; `{version}`, `{major}`, `{minor}` stand for the pin's."""
    # These two are hashed apart (gomodule.fingerprint).
    tags: tuple[str, ...] = field(default=(), repr=False)
    """For -tags."""
    output: str = field(default="", repr=False)
    """What the one binary is called when its package has another name, as `aws` for a plugin of Vault."""
    copies: tuple[ModuleFile, ...] = ()
    overlays: tuple[ModuleFile, ...] = ()


@dataclass(frozen=True)
class DebianUnpack:
    """Unpacked from a Debian package into the cache. Never installed, so that no service starts on the host."""

    package: str
    prefix: str
    """The folder inside the package that holds the files, such as `usr/bin`."""


@dataclass(frozen=True)
class AptInstall:
    """Installed with apt-get: userland that belongs to the kernel or to the system's libraries."""

    package: str


Recipe = GoBuild | DebianUnpack | AptInstall


@dataclass(frozen=True)
class Spec:
    """A tool, or a family whose members come from one folder and have one version."""

    name: str
    rule: str
    """Versions that fit, as in `versions.fits`."""
    recipe: Recipe
    minutes: float
    """Expected build time from nothing, 2 cores (measured: docs/toolchain.md)."""
    ask: tuple[str, ...] | None = ("--version",)
    """Arguments at which the first member says its version; None: it does not, and is never taken from PATH.

    Its version is the pin's then, or without a pin, for our own, the hash of its source.
    """
    pattern: str = ANY.pattern
    """Where in the answer the version is: group 1."""
    companions: tuple[str, ...] = ()
    """Further members of the family; each is a tool of its own to callers."""
    kind: Literal["program", "folder", "library"] = "program"
    """`folder`: `members` lie in one of `where`. `library`: `members[0]` is a soname in one of `where`."""
    members: tuple[str, ...] = ()
    """What must be in a folder or library; programs have their names."""
    where: tuple[str, ...] = ()
    """Folders to look in besides PATH; patterns for a library."""
    linux: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the tools that this gives."""
        return (self.name, *self.companions)

    @property
    def files(self) -> tuple[str, ...]:
        """Return the file names that must be there together."""
        return self.members or self.names
