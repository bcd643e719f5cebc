"""Bring tools together: take what is there, make what is not, and lay out one folder of links."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from idp.errors import Exit, IdpError
from idp.lock import hold
from idp.toolchain.files import new_folder, sweep
from idp.toolchain.known import KnownVersions
from idp.toolchain.make import check, expected, make
from idp.toolchain.model import Missing, Report, Tool, Toolchain
from idp.toolchain.place import Place, here
from idp.toolchain.process import full_disk
from idp.toolchain.search import MARKER, find
from idp.toolchain.spec import AptInstall, GoBuild, Spec

PATIENCE = 2 * 3600.0
"""Seconds to wait for another build: twice what everything takes from nothing on 2 cores."""


def ensure(report: Report, names: Iterable[str] | None = None, place: Place | None = None) -> Toolchain:
    """Return a toolchain with the tools `names` (None: all), making those that are not there.

    A second call runs no program. Raises `IdpError`: INVALID for a name that is not in the table, MISSING with one
    line for each thing that this machine lacks (before anything is made), FAILED when a build fails, BUSY when
    somebody else builds for too long.
    """
    place = place or here()
    specs = _chosen(place, names)
    known = KnownVersions(place.cache / "versions.json")
    try:
        return _ensure(place, specs, known, report)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise full_disk("tools", place.cache) from None
        raise IdpError(f"tools: {error}; the cache is chosen by IDP_CACHE", Exit.MISSING) from None
    finally:
        known.save()


def lookup(place: Place | None = None) -> list[Tool | Missing]:
    """Return every tool of the table as it is, in the table's order; makes nothing."""
    place = place or here()
    known = KnownVersions(place.cache / "versions.json")
    listed: list[Tool | Missing] = []
    for spec in place.table:
        listed += find(place, spec, known) or _missing(spec)
    known.save()
    return listed


def _missing(spec: Spec) -> list[Missing]:
    return [Missing(name, spec.rule or "this checkout's", _remedy(spec)) for name in spec.names]


def _remedy(spec: Spec) -> str:
    if isinstance(spec.recipe, GoBuild):
        return f"built from tools/{spec.recipe.folder}, {expected(spec)}"
    verb = "installed" if isinstance(spec.recipe, AptInstall) else "unpacked"
    return f"{verb} from Debian's {spec.recipe.package}, {expected(spec)}"


def _chosen(place: Place, names: Iterable[str] | None) -> list[Spec]:
    if names is None:
        return list(place.table)
    wanted = set(names)
    if unknown := sorted(wanted - {name for spec in place.table for name in spec.names}):
        allowed = ", ".join(name for spec in place.table for name in spec.names)
        raise IdpError(f"tool {', '.join(unknown)}: not one of {allowed}", Exit.INVALID)
    return [spec for spec in place.table if wanted.intersection(spec.names)]


def _ensure(place: Place, specs: Sequence[Spec], known: KnownVersions, report: Report) -> Toolchain:
    tools, missing = _survey(place, specs, known)
    folder = _links_folder(place, tools)
    if missing or not folder.is_dir():
        check(place, missing)
        with hold(place.cache / "build.lock", "idp (building tools)", PATIENCE, report):
            (place.cache / MARKER).touch()
            sweep(place.cache)
            # Whoever held the lock before may have made them.
            _, missing = _survey(place, specs, known)
            make(place, missing, known, report)
            tools, missing = _survey(place, specs, known)
            if missing:
                lines = [f"{spec.name}: was made, but is not found; wanted {spec.rule}" for spec in missing]
                raise IdpError("\n".join(lines))
            folder = _links_folder(place, tools)
            if not folder.is_dir():
                _lay_out(folder, tools)
    return Toolchain(MappingProxyType(tools), folder)


def _survey(place: Place, specs: Sequence[Spec], known: KnownVersions) -> tuple[dict[str, Tool], list[Spec]]:
    tools: dict[str, Tool] = {}
    missing = []
    for spec in specs:
        found = find(place, spec, known)
        if found is None:
            missing.append(spec)
        else:
            tools |= {tool.name: tool for tool in found}
    return tools, missing


def _links_folder(place: Place, tools: Mapping[str, Tool]) -> Path:
    # Named by what it links to: two checkouts with different pins share the cache, and neither changes the other's.
    targets = "\n".join(f"{name} {tool.path}" for name, tool in sorted(_linked(tools).items()))
    return place.cache / f"bin-{hashlib.sha256(targets.encode()).hexdigest()[:16]}"


def _lay_out(folder: Path, tools: Mapping[str, Tool]) -> None:
    with new_folder(folder) as unfinished:
        for name, tool in _linked(tools).items():
            (unfinished / name).symlink_to(tool.path)


def _linked(tools: Mapping[str, Tool]) -> dict[str, Tool]:
    # A provider plugin on PATH wins over the one in PULUMI_HOME, with a warning on every preview.
    return {name: tool for name, tool in tools.items() if not name.startswith("pulumi-resource-")}
