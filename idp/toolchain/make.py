"""Make the tools that are not there yet: check first, then build one after the other."""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from pathlib import Path

from idp.errors import Exit, IdpError
from idp.toolchain import debian, golang
from idp.toolchain.ask import version_of
from idp.toolchain.files import new_folder
from idp.toolchain.known import KnownVersions
from idp.toolchain.model import Report
from idp.toolchain.place import Place
from idp.toolchain.process import full_disk
from idp.toolchain.search import cached
from idp.toolchain.spec import AptInstall, DebianUnpack, GoBuild, Spec
from idp.toolchain.versions import fits


def check(place: Place, specs: Sequence[Spec]) -> None:
    """Raise `IdpError(MISSING)`, one line a tool, when this machine cannot make all of `specs`."""
    found = [line for spec in specs if (line := _obstacle(place, spec))]
    if found:
        raise IdpError("\n".join(found), Exit.MISSING)


def _obstacle(place: Place, spec: Spec) -> str | None:
    if spec.linux and place.system != "Linux":
        other = "name another cluster under cluster.kubeconfig in environments/local.yaml"
        return f"{spec.name}: runs on Linux only, this is {place.system}; {other}"
    if isinstance(spec.recipe, GoBuild):
        return golang.missing_compiler(place, spec, spec.recipe)
    return debian.missing_apt(spec, spec.recipe)


def make(place: Place, specs: Sequence[Spec], known: KnownVersions, report: Report) -> None:
    """Make every one of `specs`; those made before one that fails stay. Call it holding the cache's lock."""
    install = [spec for spec in specs if isinstance(spec.recipe, AptInstall)]
    if install:
        report(f"installing {', '.join(spec.name for spec in install)} with apt-get (seconds)")
        debian.install(place, install)
    for spec in specs:
        if not isinstance(spec.recipe, AptInstall):
            _make_one(place, spec, spec.recipe, known, report)


def _make_one(place: Place, spec: Spec, recipe: GoBuild | DebianUnpack, known: KnownVersions, report: Report) -> None:
    verb, done = ("building", "built") if isinstance(recipe, GoBuild) else ("unpacking", "unpacked")
    report(f"{verb} {spec.name} ({expected(spec)})")
    began = time.monotonic()
    try:
        with new_folder(cached(place, spec)) as folder:
            if isinstance(recipe, GoBuild):
                golang.build(place, spec, recipe, folder)
            else:
                debian.unpack(place, spec, recipe, folder)
            version = _verify(spec, folder, known)
        if version:
            known.put(cached(place, spec) / spec.files[0], version)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise full_disk(spec.name, place.cache) from None
        raise IdpError(f"{spec.name}: {error}", Exit.MISSING) from None
    report(f"{done} {spec.name} in {_duration(time.monotonic() - began)}")


def _verify(spec: Spec, folder: Path, known: KnownVersions) -> str:
    absent = [name for name in spec.files if not (folder / name).is_file()]
    if absent:
        raise IdpError(f"{spec.name}: its build gave no {', '.join(absent)}")
    if spec.ask is None:
        return ""
    version = version_of(spec, folder / spec.files[0], known)
    if not version or not fits(version, spec.rule):
        raise IdpError(f"{spec.name}: came out as version {version or 'unknown'}; the table wants {spec.rule}")
    return version


def expected(spec: Spec) -> str:
    """Return how long making `spec` takes from nothing."""
    if spec.minutes < 1:
        return f"about {max(5, round(spec.minutes * 60))} s"
    return f"about {spec.minutes:g} min"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
