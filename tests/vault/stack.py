"""The layer's program on the real engine, with the loopback plugin, run with the deploy role's token."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idp import toolchain
from idp.loopback.vault import plugin
from tests.stack_folder import lay_out

from . import world

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = f"""
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, {str(ROOT)!r})
from environments.loading import parse
from stacks import outputs, secrets
from stacks.secrets_args import Api, Emulator, Surroundings

here = Path(__file__).resolve().parent
around = json.loads((here / "around.json").read_text())
kinds = {{"api": Api, "emulator": Emulator}}
given = {{key: kinds[key](**value) if key in kinds else value for key, value in around.items()}}
environment = parse((here / "environment.yaml").read_bytes(), {world.NAME!r})
outputs.export(secrets.declare(environment, Surroundings(**given)))
"""


@dataclass
class Stack:
    """A stack in a folder of its own."""

    folder: Path
    token: str = field(default="", repr=False)
    hidden: list[str] = field(default_factory=list, repr=False)
    """What may be in no output."""

    def make(self, text: str, around: dict[str, Any]) -> None:
        self.pulumi = toolchain.ensure(print, toolchain.ENGINE).path("pulumi")
        plugin.install(self.folder / "home")
        self.variables = lay_out(self.folder, "idp", PROGRAM, self.pulumi)
        self.write(text, around)
        self.run("stack", "init", f"{world.NAME}.secrets")

    def write(self, text: str, around: dict[str, Any]) -> None:
        (self.folder / "environment.yaml").write_text(text)
        (self.folder / "around.json").write_text(json.dumps(around))

    def secret(self, *key: str, value: str) -> None:
        self.hidden.append(value)
        self.run("config", "set", "--secret", *key, value, silent=True)

    def run(self, *arguments: str, fails: bool = False, silent: bool = False) -> str:
        environment = {**self.variables, **({"VAULT_TOKEN": self.token} if self.token else {})}
        command = [self.pulumi, *arguments, "--non-interactive", "--color=never"]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        assert silent or not [text for text in (*self.hidden, self.token) if text and text in said], said
        return said

    def up(self, *arguments: str) -> str:
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def outputs(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run("stack", "output", "--json"))
        return told

    def state(self) -> str:
        """Return all that lies on disk of the stack, history included."""
        files = [path for path in (self.folder / "state").rglob("*") if path.is_file()]
        return "\n".join(path.read_text(errors="replace") for path in files)
