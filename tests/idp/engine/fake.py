"""An engine in miniature: remembers stacks, plays recorded runs as its events, and writes down how it was called."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.engine.command import EngineCommand

RECORDED = Path(__file__).parent / "recorded"
SECRET = "hunter2"  # noqa: S105 - nothing opens with it

SCRIPT = """#!{python} -IS
import fcntl, json, re, sys
from contextlib import contextmanager
from pathlib import Path
folder = Path({folder!r})
args = sys.argv[1:]
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(args) + "\\n")

@contextmanager
def alone():
    # Engines run side by side: none may find the stacks half written, nor write over what another has written.
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield json.loads((folder / "stacks").read_text())

def note(stack, known):
    with alone() as stacks:
        stacks.pop(stack, None)
        (folder / "stacks").write_text(json.dumps(stacks if known is None else {{**stacks, stack: known}}))

with alone() as found:
    stacks = found
stack = next((arg for arg in args if re.fullmatch("[a-z0-9-]+[.][a-z]+", arg)), None)
verb = " ".join(args[1:3]) if args[1] in ("stack", "state") else args[1]
plan = json.loads((folder / "plans").read_text())
planned = plan.get(verb + " " + (stack or ""), plan.get(verb, {{}}))
if verb == "stack ls":
    print(json.dumps([{{"name": name, "current": False, **more}} for name, more in stacks.items()]))
elif verb == "stack init":
    note(stack, {{}})
elif verb == "stack rm":
    note(stack, None)
elif stack not in stacks:
    sys.exit("error: no stack named '" + stack + "' found")
elif verb == "stack output":
    print(json.dumps({{"address": "a.idp.test", "password": {secret!r} if "--show-secrets" in args else "[secret]"}}))
elif verb == "stack export":
    print(planned.get("state", '{{"version": 3, "deployment": {{}}}}'))
elif verb == "stack import":
    (folder / "imported").write_text(Path(args[args.index("--file") + 1]).read_text())
elif verb in ("preview", "up", "destroy"):
    run = planned.get("run", "same")
    if run:
        with open(args[args.index("--event-log") + 1], "ab", buffering=0) as log:
            log.write(Path({recorded!r}, run + ".jsonl").read_bytes())
    if verb != "preview" and not planned.get("code"):
        note(stack, {{"lastUpdate": "2026-11-23T16:33:06.595Z", "resourceCount": 4 if verb == "up" else 0}})
print(planned.get("stderr", ""), file=sys.stderr)
sys.exit(planned.get("code", 0))
"""


@dataclass(frozen=True)
class FakeEngine:
    """The script, and what it remembers."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> FakeEngine:
        """Write the script; no stack exists."""
        folder.mkdir(parents=True, exist_ok=True)
        values = {"python": sys.executable, "folder": str(folder), "recorded": str(RECORDED), "secret": SECRET}
        binary = folder / "pulumi"
        binary.write_text(SCRIPT.format(**values))
        binary.chmod(0o755)
        for name, content in (("stacks", "{}"), ("plans", "{}"), ("calls", "")):
            (folder / name).write_text(content)
        return cls(folder)

    @property
    def binary(self) -> Path:
        """The script."""
        return self.folder / "pulumi"

    @property
    def command(self) -> EngineCommand:
        """A command that runs it."""
        return EngineCommand(self.binary, "3.259.0", "mark")

    def stand(self, *stacks: str, resources: int = 4) -> None:
        """Let stacks exist that were updated once."""
        known = {"lastUpdate": "2026-11-23T16:33:06.595Z", "resourceCount": resources}
        (self.folder / "stacks").write_text(json.dumps(dict.fromkeys(stacks, known)))

    def plan(self, verb: str, **how: object) -> None:
        """Say how the engine answers to `VERB` or `VERB STACK`: `run`, `code`, `stderr`, `state`."""
        path = self.folder / "plans"
        path.write_text(json.dumps({**json.loads(path.read_text()), verb: how}))

    def stacks(self) -> dict[str, Any]:
        """Return what stands."""
        found: dict[str, Any] = json.loads((self.folder / "stacks").read_text())
        return found

    def calls(self, verb: str = "") -> list[list[str]]:
        """Return the arguments of the calls so far, of `verb` if given."""
        found = [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]
        return [args for args in found if verb in ("", args[1], " ".join(args[1:3]))]
