"""The platform's pack beside a stock pack with one empty policy, over a thousand resources of many kinds."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2_grpc

from benchmarks import mixed
from benchmarks.engine import Engine, Program
from benchmarks.measure import Pairs, Spread
from benchmarks.timing import FILE, Taken
from idp.errors import IdpError
from idp.loopback.aws import plugin
from idp.loopback.provider.install import sdk_version

COUNT = 1000
"""Resources of the program."""
GOAL = 1.1
"""Ratio that the preview and the start of the pack should stay under (issue 6)."""
RULES_GOAL = 0.5e-3
"""Seconds of the processor for each resource that the rules should stay under (issue 6)."""
_STARTS = 4
"""Starts measured for each preview: they are short, and so are their accidents."""
_PATIENCE = 60.0
_EVERY_LEVEL = "all"
"""The name that stands for all policies of a pack in its configuration."""


@dataclass
class Packs:
    """What was measured: our pack, and the stock pack."""

    count: int
    previews: Pairs = field(default_factory=Pairs)
    starts: Pairs = field(default_factory=Pairs)
    """From the start of the process to its answer which policies it has."""
    taken: list[Taken] = field(default_factory=list)

    @property
    def rules(self) -> Spread:
        """Return the seconds inside the rules for each resource."""
        return Spread.of([one.rules / one.resources for one in self.taken])

    @property
    def answers(self) -> Spread:
        """Return the seconds from request to answer for each resource."""
        return Spread.of([one.answers / one.resources for one in self.taken])


def compare(engine: Engine, runs: int, report: Callable[[str], None], count: int = COUNT) -> Packs:
    """Measure previews of the same program with either pack in turn, after one pair that is thrown away."""
    program = _lay_out(engine, count)
    ours, stock, timed = (
        engine.checkout / name for name in ("policies", "benchmarks/empty_pack", "benchmarks/timed_pack")
    )
    _pair(engine, program, ours, stock, Packs(count))
    found = Packs(count)
    for run in range(runs):
        _pair(engine, program, ours, stock, found)
        found.taken.append(_timed(engine, program, timed))
        report(
            f"packs, run {run + 1} of {runs}: preview {found.previews.ratio.median:.2f}, "
            f"start {found.starts.ratio.median:.2f}, rules {found.rules.median * 1e3:.2f} ms for each resource"
        )
    return found


def _pair(engine: Engine, program: Program, ours: Path, stock: Path, found: Packs) -> None:
    # Whoever is first finds caches as the timed run left them: they take turns.
    sides = [(found.previews.ours, found.starts.ours, ours), (found.previews.other, found.starts.other, stock)]
    if len(found.previews.ours) % 2:
        sides.reverse()
    for previews, _, pack in sides:
        previews.append(_preview(engine, program, pack))
    for _ in range(_STARTS):
        for _, starts, pack in sides:
            starts.append(_start(engine, pack))


def _lay_out(engine: Engine, count: int) -> Program:
    root = engine.checkout.parent
    folder, state = root / "packs", root / "state"
    folder.mkdir()
    state.mkdir(exist_ok=True)
    plugin.install(Path(engine.variables["PULUMI_HOME"]))
    versions = {name: sdk_version(name) for name in ("kubernetes", "aws")}
    (folder / "Pulumi.yaml").write_text(_PROJECT.format(virtualenv=engine.checkout / ".venv"))
    (folder / "__main__.py").write_text(mixed.PROGRAM)
    (folder / "resources.json").write_text(mixed.document(count, versions))
    (folder / "levels.json").write_text(json.dumps({_EVERY_LEVEL: "advisory"}))
    program = Program(folder, "packs", {"PULUMI_BACKEND_URL": f"file://{state}"}, folder)
    engine.pulumi(program, "stack", "init", "--non-interactive")
    return program


_PROJECT = """\
name: packs
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: {virtualenv}
"""


def _preview(engine: Engine, program: Program, pack: Path) -> float:
    """Return the seconds of a preview; what rules find is told and refuses nothing, so that it is always the whole."""
    begun = time.perf_counter()
    levels = str(program.folder / "levels.json")
    engine.pulumi(program, "preview", "--non-interactive", "--policy-pack", str(pack), "--policy-pack-config", levels)
    return time.perf_counter() - begun


def _timed(engine: Engine, program: Program, pack: Path) -> Taken:
    written = program.folder / "taken.json"
    timed = Program(program.folder, program.stack, {**program.variables, FILE: str(written)}, pack)
    _preview(engine, timed, pack)
    taken = Taken(**json.loads(written.read_text()))
    written.unlink()
    return taken


def _start(engine: Engine, pack: Path) -> float:
    """Return the seconds in which a pack, started as the language host does, tells its policies."""
    command = [str(engine.checkout / ".venv/bin/python"), "-u", "-m", "pulumi.policy", "127.0.0.1:1", "."]
    begun = time.perf_counter()
    with subprocess.Popen(command, cwd=pack, env=engine.variables, stdout=subprocess.PIPE) as process:
        try:
            port = process.stdout.readline().decode().strip() if process.stdout else ""
            if not port.isdigit():
                raise IdpError(f"{pack}: the pack does not start: it printed {port!r}; allowed is its port")
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                analyzer_pb2_grpc.AnalyzerStub(channel).GetAnalyzerInfo(empty_pb2.Empty(), timeout=_PATIENCE)
            return time.perf_counter() - begun
        finally:
            process.kill()
