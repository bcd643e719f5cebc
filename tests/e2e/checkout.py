"""A copy of the checkout with a local environment of its own, used as a person uses it: by its commands."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

REPOSITORY = Path(__file__).resolve().parents[2]

PATIENCE = 240.0
"""Seconds any one command may take: four times what `make up` is allowed."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float

    def json(self) -> Any:  # noqa: ANN401 (whatever the command printed)
        """Return stdout as one JSON document; anything else on it fails."""
        return json.loads(self.out)

    def errors(self) -> list[str]:
        """Return the lines that say what is wrong."""
        return [line for line in self.err.splitlines() if line.startswith("error ")]

    def __str__(self) -> str:
        return f"exit {self.code} after {self.seconds:.1f} s\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Checkout:
    """A working tree below `root` and what is done in it."""

    def __init__(self, root: Path, original: str | None = None) -> None:
        self.root = root
        self.local = root / ".idp/local"
        self.environment_file = root / "environments/local.yaml"
        self.original = original or (REPOSITORY / "environments/local.yaml").read_text()
        """The environment's file, unless a test says otherwise."""

    @staticmethod
    def copy_to(root: Path, original: str | None = None) -> Checkout:
        """Copy what is, or would be, committed, and install it as a newcomer does.

        `original` takes the place of the committed environment file.
        """
        listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=REPOSITORY).out
        for name in filter(None, listed.split("\0")):
            source = REPOSITORY / name
            if source.is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, root / name)
        copy = Checkout(root, original)
        copy.describe(None)
        installed = copy.make(".venv/.synced")
        assert installed.code == 0, installed
        return copy

    def make(self, *arguments: str, **more: Any) -> Ran:  # noqa: ANN401 (those of `run`)
        return run("make", "--no-print-directory", *arguments, cwd=self.root, **more)

    def idp(self, *arguments: str, **more: Any) -> Ran:  # noqa: ANN401
        return run(str(self.root / ".venv/bin/idp"), *arguments, cwd=self.root, **more)

    def up(self) -> dict[str, Any]:
        """Bring the environment up, which must work, and return the layers' results by name."""
        ran = self.idp("up", "local", "--json")
        assert ran.code == 0, ran
        return {result["layer"]: result for result in ran.json()["layers"]}

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `idp` and return at once; what it prints goes to a file, as a killed one's must."""
        with (self.root / "begun.out").open("w") as out, (self.root / "begun.err").open("w") as err:
            command = [str(self.root / ".venv/bin/idp"), *arguments]
            return subprocess.Popen(command, cwd=self.root, env=environment(), stdout=out, stderr=err, text=True)

    def begun_said(self) -> str:
        return (self.root / "begun.out").read_text() + (self.root / "begun.err").read_text()

    def variables(self) -> dict[str, str]:
        """Return what `idp env-vars` tells to export."""
        found: dict[str, str] = self.idp("env-vars", "local", "--json").json()
        return found

    def describe(self, text: str | None) -> None:
        """Write local.yaml; None is the original."""
        self.environment_file.write_text(text if text is not None else self.original)

    def checkpoint(self, layer: str) -> dict[str, Any]:
        """Return the layer's state as the engine keeps it; empty if there is none (yet)."""
        path = self.root / f".idp/state/.pulumi/stacks/idp/local.{layer}.json"
        try:
            found = json.loads(path.read_bytes())["checkpoint"].get("latest")
        except (FileNotFoundError, ValueError):
            # The file backend replaces the file while an update runs.
            return {}
        return found or {}

    def pid_of(self, component: str) -> int | None:
        """Return the process of a component of the local cluster."""
        with suppress(FileNotFoundError, ValueError):
            return int(json.loads((self.local / f"records/{component}.json").read_text())["pid"])
        return None

    def processes(self) -> list[psutil.Process]:
        """Return every process that has anything to do with this copy, by its folder, files or cluster."""
        return [process for process in psutil.process_iter() if self._concerns(process)]

    def engines(self) -> list[psutil.Process]:
        """Return the engines at work for this copy."""
        return [process for process in self.processes() if named(process) == "pulumi"]

    def traces(self) -> list[str]:
        """Return a line for each thing of the local environment that exists on this machine."""
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        return [
            *(f"process {process.pid} {named(process)}" for process in self.processes()),
            *(f"mount {line}" for line in mounts if str(self.root) in line),
            *(f"cgroup {path}" for path in Path("/sys/fs/cgroup").glob(f"**/{self.identifier}")),
            *(f"file {path}" for path in [self.root / ".idp"] if path.exists()),
            *(f"file {path}" for path in (self.root / "environments").glob("Pulumi.local.*.yaml")),
        ]

    @property
    def identifier(self) -> str:
        """Name of the cluster's cgroups: it goes by the path of its home."""
        return "idp-" + hashlib.sha256(str(self.local.resolve()).encode()).hexdigest()[:8]

    def _concerns(self, process: psutil.Process) -> bool:
        if process.pid == os.getpid():
            return False
        with suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            values = process.environ()
            if values.get("IDP_LOCAL_CLUSTER") == self.identifier:
                return True
            where = [process.cwd(), process.exe(), *process.cmdline(), values.get("IDP_ENGINE", "")]
            return any(str(self.root) in text for text in where)
        return False


def without_vault(text: str) -> str:
    """Return an environment file without Vault and what needs it: it stands in half the time."""
    lean = re.sub(r"(?ms)^  # [^\n]*\n  vault:\n(    [^\n]*\n)+", "", text)
    lean = re.sub(r"(?ms)^(# [^\n]*\n)?secrets:\n(  [^\n]*\n)+\n", "", lean)
    lean = re.sub(r"(?m)^        secrets:\n(          .*\n)+", "", lean)
    lean = re.sub(r"(?m)^    - control: .*\n      resource: .*(?:vault|\.secrets).*\n(?:      .*\n)+", "", lean)
    assert "vault" not in lean and "secrets:" not in lean, lean  # noqa: PT018 - one thing: nothing of it is left
    return lean


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a person's environment variables: nothing of a surrounding `make` or `idp`, and a wide terminal."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS", "PULUMI_"))}
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1", **(more or {})}


def run(
    *command: str,
    cwd: Path,
    variables: Mapping[str, str] | None = None,
    stdin: str | None = None,
    seconds: float = PATIENCE,
    wrapper: Sequence[str] = (),
) -> Ran:
    """Run a command to its end; `wrapper` is a command that runs it."""
    begun = time.monotonic()
    ended = subprocess.run(
        [*wrapper, *command],
        cwd=cwd,
        env=environment(variables),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr, time.monotonic() - begun)


def cache() -> str:
    """Return the folder of built tools, for a command that is given another home."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "idp"
    return os.environ.get("IDP_CACHE") or str(default)


def named(process: psutil.Process) -> str:
    """Return the name of the program a process runs; empty if it is gone."""
    try:
        return Path(process.exe()).name
    except (psutil.Error, OSError):
        return ""
