"""The layer `foundation` from an empty account, beside the same calls in plain boto3."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import environments
from benchmarks.engine import PATIENCE, Engine, Program
from benchmarks.measure import Pairs
from benchmarks.process import run
from benchmarks.recording import FILE
from environments.special import LOCAL
from idp.errors import IdpError
from idp.loopback.aws.server import AwsEmulator
from idp.loopback.provider.install import install, sdk_version

STACK = f"{LOCAL}.foundation"


@dataclass(frozen=True)
class Compared:
    """An `up` of the foundation, and the calls it made."""

    pairs: Pairs
    calls: int


def compare(engine: Engine, runs: int, report: Callable[[str], None]) -> Compared:
    """Measure an `up` from nothing and a replay of its calls, in turn, each on an emulator that was just started.

    Every `up` is recorded, so that each replay is of the `up` before it; writing a line for each call is in its time.
    """
    root = engine.checkout.parent / "account"
    root.mkdir()
    home = root / "pulumi"
    install(home, "aws", sdk_version("aws"), "benchmarks.recording")
    pairs, calls = Pairs(), 0
    for number in range(runs):
        folder = root / str(number)
        folder.mkdir()
        seconds, recorded = _up(engine, folder, home, report)
        calls = len(recorded.read_text().splitlines())
        pairs.ours.append(seconds)
        pairs.other.append(_replay(engine, folder, recorded, report))
        report(f"foundation, run {number + 1} of {runs}: {calls} calls, ratio {pairs.ours[-1] / pairs.other[-1]:.2f}")
    return Compared(pairs, calls)


def _up(engine: Engine, folder: Path, home: Path, report: Callable[[str], None]) -> tuple[float, Path]:
    recorded, state = folder / "calls.jsonl", folder / "state"
    state.mkdir()
    variables = {"PULUMI_HOME": str(home), "PULUMI_BACKEND_URL": f"file://{state}", FILE: str(recorded)}
    program = Program(engine.checkout, STACK, variables, engine.checkout / "policies")
    with _emulator(folder / "aws", report) as endpoint, _at(engine.checkout, endpoint):
        engine.pulumi(program, "stack", "init", "--non-interactive")
        begun = time.perf_counter()
        engine.pulumi(program, "up", "--yes", "--skip-preview", "--non-interactive")
        return time.perf_counter() - begun, recorded


def _replay(engine: Engine, folder: Path, recorded: Path, report: Callable[[str], None]) -> float:
    with _emulator(folder / "again", report) as endpoint:
        command = [sys.executable, "-m", "benchmarks.replay", str(recorded), endpoint]
        begun = time.perf_counter()
        run(command, engine.checkout, engine.variables, PATIENCE)
        return time.perf_counter() - begun


@contextmanager
def _emulator(home: Path, report: Callable[[str], None]) -> Iterator[str]:
    foundation = environments.load(LOCAL).foundation
    if foundation is None:
        raise IdpError(f"{LOCAL}: foundation: its file has none, there is nothing to measure")
    emulator = AwsEmulator(home, foundation.aws.account_id)
    try:
        yield str(emulator.start(report).endpoint)
    finally:
        emulator.stop(report, purge=True)


@contextmanager
def _at(checkout: Path, endpoint: str) -> Iterator[None]:
    """Let the copy's program find the emulator at `endpoint` while the block runs."""
    record = checkout / ".idp/aws/emulator.json"
    before = record.read_text()
    record.write_text(json.dumps({**json.loads(before), "endpoint": endpoint}))
    try:
        yield
    finally:
        record.write_text(before)
