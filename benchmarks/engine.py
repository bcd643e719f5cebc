"""The stock engine over a copy's layers, and over bare programs beside them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.checkout import environment
from benchmarks.process import run
from idp.engine.orphans import MARK

PATIENCE = 600.0
"""Seconds that one call of the engine may take."""

_PACK = "PULUMI_OPTION_POLICY_PACK"
_PREVIEW = ("preview", "--non-interactive", "--expect-no-changes")


@dataclass(frozen=True)
class Program:
    """What the engine previews."""

    folder: Path
    """Folder of its Pulumi.yaml."""
    stack: str
    variables: Mapping[str, str]
    """Environment variables of its own, such as its state backend."""
    pack: Path
    """Policy pack of its previews with policies."""


class Engine:
    """Calls of `pulumi` and `idp` in a copy of the checkout."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        own = environment()
        self._idp = str(checkout / ".venv/bin/idp")
        printed = run([self._idp, "env-vars", "local", "--json"], checkout, own, PATIENCE)
        # Marked as the copy's own, so that `make down` finds what an interrupted run leaves.
        self._environment = {**own, **json.loads(printed), MARK: f"{checkout / '.idp'}|benchmarks|0"}
        del self._environment[_PACK]

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables of the copy's programs."""
        return self._environment

    def layer(self, layer: str) -> Program:
        """Return a layer of the copy as it stands."""
        return Program(self.checkout, f"local.{layer}", {}, self.checkout / "policies")

    def pulumi(self, program: Program, *args: str, pack: bool = False) -> str:
        """Run `pulumi ARGS` on a program's stack and return its standard output."""
        more = {_PACK: str(program.pack)} if pack else {}
        variables = {**self._environment, **program.variables, **more}
        return run(["pulumi", *args, "--stack", program.stack], program.folder, variables, PATIENCE)

    def resources(self, layer: str) -> Sequence[Mapping[str, Any]]:
        """Return the resources in a layer's state, those that others depend on first."""
        deployment = json.loads(self.pulumi(self.layer(layer), "stack", "export"))["deployment"]
        found: Sequence[Mapping[str, Any]] = deployment["resources"]
        return found

    def preview(self, program: Program, *, pack: bool) -> float:
        """Return the seconds of a preview; it fails if anything would change, since it would not be the same work."""
        begun = time.perf_counter()
        self.pulumi(program, *_PREVIEW, pack=pack)
        return time.perf_counter() - begun

    def preview_all(self) -> float:
        """Return the seconds of `idp preview`, all layers side by side with their policies."""
        begun = time.perf_counter()
        run([self._idp, "preview", "local", "--json"], self.checkout, self._environment, PATIENCE)
        return time.perf_counter() - begun
