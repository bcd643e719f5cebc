"""Build a tool with Go from its pinned module."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from idp.errors import Exit, IdpError
from idp.toolchain import gomodule
from idp.toolchain.place import Place
from idp.toolchain.process import Step, run
from idp.toolchain.spec import GoBuild, ModuleFile, Spec
from idp.toolchain.versions import ANY, fits

_USUAL = Path("/usr/local/go/bin")
"""Where Go's own archive installs; it leaves PATH to the person."""


def missing_compiler(place: Place, spec: Spec, recipe: GoBuild) -> str | None:
    """Return in one line why `spec` cannot be built with the Go of this machine, or None."""
    floor = gomodule.go_floor(place.sources / recipe.folder)
    get = f"install Go {floor} or newer (https://go.dev/dl)"
    go = _go(place)
    if go is None:
        return f"{spec.name}: no go on PATH to build it with; {get}"
    environment = {**os.environ, **gomodule.ENVIRONMENT}
    # Outside the module: inside, an old Go refuses to say its version.
    step = Step(spec.name, (str(go), "env", "GOVERSION"), go.parent, environment, _log(place, spec))
    match = ANY.search(run(step))
    if match is None or not fits(match[1], f">={floor}"):
        return f"{spec.name}: {go} is Go {match[1] if match else 'of no version'}; {get}"
    return None


def build(place: Place, spec: Spec, recipe: GoBuild, into: Path) -> None:
    """Build all files of `spec` into the folder `into`.

    Raises `IdpError`: MISSING for a full disk or no network, FAILED when the compiler refuses.
    """
    source = place.sources / recipe.folder
    # Compiler's scratch files under `into`, so that they go when a killed build is swept.
    scratch = into / "scratch"
    scratch.mkdir()
    go = _Go(place, spec, source, {**os.environ, **gomodule.ENVIRONMENT, "GOTMPDIR": str(scratch)})
    folders = {file.module: go.module_folder(file.module) for file in (*recipe.copies, *recipe.overlays)}
    command = ["build", "-mod=readonly", "-ldflags", gomodule.link_flags(source, recipe)]
    if recipe.tags:
        command += ["-tags", ",".join(recipe.tags)]
    if recipe.overlays:
        command += ["-overlay", str(_overlay(recipe.overlays, folders, source, scratch))]
    go.run(*command, "-o", f"{into}{os.sep}{recipe.output}", *recipe.packages)
    for copy in recipe.copies:
        shutil.copyfile(folders[copy.module] / copy.path, into / copy.target)
        (into / copy.target).chmod(0o755)
    shutil.rmtree(scratch)


def _overlay(overlays: tuple[ModuleFile, ...], folders: Mapping[str, Path], source: Path, scratch: Path) -> Path:
    replaced = {str(source / file.target): str(folders[file.module] / file.path) for file in overlays}
    path = scratch / "overlay.json"
    path.write_text(json.dumps({"Replace": replaced}))
    return path


class _Go:
    """The go command in one module."""

    def __init__(self, place: Place, spec: Spec, source: Path, environment: Mapping[str, str]) -> None:
        go = _go(place)
        if go is None:
            raise IdpError(f"{spec.name}: no go on PATH to build it with", Exit.MISSING)
        self._base = Step(spec.name, (str(go),), source, environment, _log(place, spec))

    def run(self, *arguments: str) -> str:
        return run(replace(self._base, command=(*self._base.command, *arguments)))

    def module_folder(self, module: str) -> Path:
        return Path(json.loads(self.run("mod", "download", "-json", module))["Dir"])


def _go(place: Place) -> Path | None:
    found = shutil.which("go", path=os.pathsep.join(map(str, (*place.search, _USUAL))))
    return Path(found) if found else None


def _log(place: Place, spec: Spec) -> Path:
    return place.cache / "logs" / f"{spec.name}.log"
