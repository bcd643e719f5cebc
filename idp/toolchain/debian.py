"""Get files out of Debian packages without installing them, and install what must be installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from idp.errors import Exit, IdpError
from idp.toolchain.place import Place
from idp.toolchain.process import Step, run
from idp.toolchain.spec import AptInstall, DebianUnpack, Spec

_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def missing_apt(spec: Spec, recipe: DebianUnpack | AptInstall) -> str | None:
    """Return in one line why this machine cannot get `spec` from a Debian package, or None."""
    needed = ("apt-get", "dpkg-deb") if isinstance(recipe, DebianUnpack) else ("apt-get",)
    absent = [program for program in needed if shutil.which(program) is None]
    if absent:
        wanted = f"install {spec.name} {spec.rule} with this system's package manager"
        return f"{spec.name}: no {' and '.join(absent)} here to get Debian's {recipe.package} with; {wanted}"
    if isinstance(recipe, AptInstall) and os.geteuid() != 0:
        return f"{spec.name}: needs root once; run: sudo apt-get install --no-install-recommends {recipe.package}"
    return None


def unpack(place: Place, spec: Spec, recipe: DebianUnpack, into: Path) -> None:
    """Download the package of `spec` and put its files into the folder `into`.

    Raises `IdpError`: MISSING for a full disk or no network, FAILED when apt refuses.
    """
    scratch = into / "scratch"
    scratch.mkdir()
    # apt's own user may not write here, and says so on every download.
    _apt(place, spec, scratch, ["-o", "APT::Sandbox::User=root", "download", recipe.package])
    archive = next(scratch.glob("*.deb"))
    _run(place, spec, scratch, ["dpkg-deb", "-x", archive.name, "tree"])
    for path in sorted((scratch / "tree" / recipe.prefix).iterdir()):
        path.rename(into / path.name)
    shutil.rmtree(scratch)


def install(place: Place, specs: Sequence[Spec]) -> None:
    """Install the packages of `specs`, all of which are `AptInstall`, in one go. Needs root.

    Raises `IdpError`: MISSING for a full disk or no network, FAILED when apt refuses.
    """
    packages = sorted({spec.recipe.package for spec in specs if isinstance(spec.recipe, AptInstall)})
    _apt(place, specs[0], Path("/"), ["install", "--yes", "--no-install-recommends", *packages])


def _apt(place: Place, spec: Spec, folder: Path, arguments: list[str]) -> None:
    """Run apt-get; when it fails, fetch the package lists, which may be missing or too old, and try once more."""
    command = ["apt-get", "--quiet", *arguments]
    try:
        _run(place, spec, folder, command)
        return
    except IdpError as error:
        if error.code == Exit.MISSING:
            raise
        if os.geteuid() != 0:
            raise IdpError(f"{error}; if the package lists are old, run: sudo apt-get update", error.code) from None
    _run(place, spec, folder, ["apt-get", "--quiet", "update"])
    _run(place, spec, folder, command)


def _run(place: Place, spec: Spec, folder: Path, command: list[str]) -> None:
    log = place.cache / "logs" / f"{spec.name}.log"
    run(Step(spec.name, command, folder, {**os.environ, **_QUIET}, log))
