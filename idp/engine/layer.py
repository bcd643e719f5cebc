"""The operations on one layer of an environment."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.automation import LocalWorkspace
from pulumi.automation.errors import CommandError, StackNotFoundError

from idp import paths
from idp.engine import pending
from idp.engine.command import EngineCommand, reason
from idp.engine.events import EventLog
from idp.engine.progress import Progress, name_of
from idp.engine.settings import EngineSettings
from idp.files import write


@dataclass(frozen=True)
class Result:
    """How an operation on a layer ended."""

    layer: str
    action: str
    """`preview`, `up` or `destroy`; `unchanged` where a preview made an update needless."""
    ok: bool
    seconds: float
    progress: Progress

    @property
    def changed(self) -> bool:
        """Whether anything changes (preview) or changed (update): resources or outputs."""
        return bool(self.progress.steps) or self.progress.outputs_changed

    @property
    def refused(self) -> bool:
        """Whether a mandatory policy said no."""
        return any(violation.mandatory for violation in self.progress.violations)


@dataclass(frozen=True)
class StackSummary:
    """What the backend knows of a stack."""

    updated: str | None
    """Time of the last update, ISO 8601; None before the first."""
    resources: int


class Layers:
    """The stacks of an environment, by layer, over one engine."""

    def __init__(self, settings: EngineSettings, command: EngineCommand) -> None:
        self._settings = settings
        self._command = command
        self._entrusted: dict[str, Mapping[str, str]] = {}
        self._workspace = LocalWorkspace(
            work_dir=str(paths.ROOT),
            env_vars={**settings.variables, "PULUMI_DEBUG_COMMANDS": "true"},
            pulumi_command=command,
            secrets_provider=settings.secrets_provider,
        )

    def stack(self, layer: str) -> str:
        """Return the name of the layer's stack."""
        return f"{self._settings.environment}.{layer}"

    def summaries(self) -> Mapping[str, StackSummary]:
        """Return what stands, by layer; layers without a stack are left out."""
        prefix = f"{self._settings.environment}."
        return {
            stack.name.removeprefix(prefix): StackSummary(
                stack.last_update.isoformat() if stack.last_update else None, stack.resource_count or 0
            )
            for stack in self._workspace.list_stacks()
            if stack.name.startswith(prefix)
        }

    def entrust(self, layer: str, variables: Mapping[str, str]) -> None:
        """Give the engine environment variables for one layer, which may be secret: they are written nowhere."""
        self._entrusted[layer] = variables

    def create(self, layer: str) -> None:
        """Create the layer's stack, empty."""
        self._workspace.create_stack(self.stack(layer))

    def remove(self, layer: str) -> None:
        """Remove the layer's stack, which must be empty, with its history and its settings file."""
        self._workspace.remove_stack(self.stack(layer))

    def forget(self, layer: str) -> None:
        """Remove the layer's stack without removing what is in it."""
        self._call(["stack", "rm", "--force", "--preserve-config", "--yes", "--stack", self.stack(layer)])

    def outputs(self, layer: str) -> Mapping[str, object] | None:
        """Return the layer's outputs, secrets as `[secret]`; None if it has no stack."""
        try:
            # Not the Automation API's: it also asks for the secrets in the clear.
            printed = self._call(["stack", "output", "--json", "--stack", self.stack(layer)])
        except StackNotFoundError:
            return None
        found: Mapping[str, object] = json.loads(printed)
        return found

    def protected(self, layer: str) -> list[str]:
        """Return the names of the resources that refuse to be deleted."""
        return [
            name_of(found["urn"])
            for found in self._export(layer)["deployment"].get("resources") or ()
            if found.get("protect")
        ]

    def unprotect(self, layer: str) -> None:
        """Let every resource of the layer be deleted."""
        if self.protected(layer):
            self._call(["state", "unprotect", "--all", "--yes", "--stack", self.stack(layer)])

    def preview(self, progress: Progress) -> Result:
        """Say what an update would change."""
        return self._run("preview", ["preview"], progress)

    def up(self, progress: Progress, *, refresh: bool = False) -> Result:
        """Make the layer what its program says."""
        more = ["--refresh"] if refresh else []
        return self._run("up", ["up", "--yes", "--skip-preview", *more], progress)

    def destroy(self, progress: Progress, *, refresh: bool = False) -> Result:
        """Remove every resource of the layer."""
        more = ["--refresh"] if refresh else []
        return self._run("destroy", ["destroy", "--yes", "--skip-preview", *more], progress)

    def settle(self, layer: str) -> None:
        """Find out what became of the creations that a crash left unfinished, and make the state say so.

        May itself be interrupted at any point. Raises the Automation API's `CommandError`.
        """
        environment, stack = self._settings.environment, self.stack(layer)
        exported = self._export(layer)
        pending.begin(environment, layer)
        if exported["deployment"].get("pending_operations"):
            draft = paths.WORK / f"{stack}.adopted.json"
            write(draft, json.dumps({**exported, "deployment": pending.adopt(exported["deployment"])}))
            self._call(["stack", "import", "--file", str(draft), "--stack", stack])
            draft.unlink()
        self._call(["refresh", "--yes", "--skip-preview", "--stack", stack], layer)
        pending.end(environment, layer)

    def _export(self, layer: str) -> dict[str, Any]:
        """Return the layer's state as the engine prints it, secrets sealed."""
        exported: dict[str, Any] = json.loads(self._call(["stack", "export", "--stack", self.stack(layer)]))
        return exported

    def _run(self, action: str, args: Sequence[str], progress: Progress) -> Result:
        begun = time.monotonic()
        ok = True
        with EventLog(progress.add) as log:
            self._command.inherit(log.descriptor)
            try:
                stack = self.stack(progress.layer)
                self._call([*args, "--event-log", log.path, "--stack", stack], progress.layer)
            except CommandError as error:
                ok = False
                failure = error
            finally:
                self._command.disinherit(log.descriptor)
        if not ok and not progress.errors and not any(violation.mandatory for violation in progress.violations):
            progress.errors.append(reason(failure))
        progress.conclude()
        return Result(progress.layer, action, ok, time.monotonic() - begun, progress)

    def _call(self, args: Sequence[str], layer: str | None = None) -> str:
        """Run the engine, with what `layer` was entrusted; return what it printed."""
        variables = {**self._workspace.env_vars, **self._entrusted.get(layer or "", {})}
        return self._command.run(list(args), str(paths.ROOT), variables).stdout
