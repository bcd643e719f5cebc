"""Shows people what is going on: live while it does, and as a table when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from idp.engine.findings import without_listing
from idp.engine.layer import Result
from idp.engine.progress import Progress, Step
from idp.exemptions import Listed

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)

PERIOD = 0.2
"""Seconds between two looks at what has changed."""


def note(line: str) -> None:
    """Say one line of progress."""
    err.print(f"[dim]·[/dim] {escape(line)}", soft_wrap=True)


@dataclass
class _Activity:
    action: str
    progress: Progress
    begun: float = field(default_factory=time.monotonic)
    shown: int = 0


class Watching:
    """Collects the operations under way; its `begin` is the orchestration's `Watch`."""

    def __init__(self) -> None:
        self._activities: list[_Activity] = []

    def begin(self, action: str, progress: Progress) -> None:
        """Start to show an operation."""
        self._activities.append(_Activity(action, progress))

    def __rich__(self) -> Table:
        """Return one row for each operation, for a terminal."""
        table = Table.grid(padding=(0, 2))
        for activity in self._activities:
            seconds = time.monotonic() - activity.begun
            table.add_row(
                f"[bold]{activity.progress.layer}[/bold]",
                activity.action,
                _counts(activity.progress.changes),
                f"[dim]{escape(activity.progress.current)}[/dim]",
                f"{seconds:.0f} s",
            )
        return table

    def print_new(self) -> None:
        """Print a line for each step that ended since the last call, for a log."""
        for activity in list(self._activities):
            steps = activity.progress.steps[activity.shown :]
            activity.shown += len(steps)
            for step in steps:
                line = f"{activity.progress.layer} {activity.action}: {_step(step)}"
                err.print(escape(line), soft_wrap=True)


@contextmanager
def watching() -> Iterator[Watching]:
    """Show operations while the block runs: in place on a terminal, line by line in a log."""
    shown = Watching()
    if err.is_terminal:
        with Live(shown, console=err, refresh_per_second=1 / PERIOD, transient=True):
            yield shown
        return
    over = threading.Event()
    printer = threading.Thread(target=_print_until, args=(shown, over), daemon=True)
    printer.start()
    try:
        yield shown
    finally:
        over.set()
        printer.join()


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on stdout; long cells are folded, never cut."""
    shown = Table(title=title, title_justify="left")
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*row)
    out.print(shown)


def summary(environment: str, results: Sequence[Result]) -> None:
    """Print the table of results, then what went wrong, a line each."""
    rows = [
        (
            result.layer,
            result.action if result.ok else f"[red]{result.action} failed[/red]",
            _counts(result.progress.changes) or ("outputs" if result.changed else "none"),
            str(result.progress.same),
            _policies(result),
            f"{result.seconds:.1f} s",
        )
        for result in results
    ]
    table(f"environment {environment}", ("layer", "what", "changes", "unchanged", "policies", "time"), rows)
    for result in results:
        complaints(result)


def exemptions(listed: Sequence[Listed]) -> None:
    """Print the exemptions, if there are any: resources are longer than a table's cell."""
    if listed:
        out.print("\n[bold]exemptions[/bold]")
    for one in listed:
        until = f"[red]expired {one.expires}[/red]" if one.expired else f"until {one.expires}"
        findings = "not looked at" if one.findings is None else f"findings: {one.findings}"
        out.print(f"  {one.control} on {escape(one.resource)}", soft_wrap=True)
        out.print(f"    {until}, by {one.owner}, {findings}: {escape(one.reason)}", soft_wrap=True)


def next_steps(environment: str, results: Sequence[Result], kubeconfig: Path | None) -> None:
    """Print what now stands, where, and what to do next."""
    out.print("\n[bold]what stands[/bold]")
    for result in results:
        for name, value in result.progress.outputs.items():
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            out.print(f"  {result.layer}.{name}: {escape(shown)}", soft_wrap=True)
    if kubeconfig is not None:
        out.print(f"  kubeconfig: {escape(str(kubeconfig))}", soft_wrap=True)
    out.print("\n[bold]next[/bold]")
    for command, meaning in (
        (f'eval "$(.venv/bin/idp env-vars {environment})"', "kubectl and pulumi for this environment"),
        ("kubectl get pods --all-namespaces", "what runs"),
        (f".venv/bin/idp preview {environment}", "what a change of environments/ or code would do"),
    ):
        out.print(f"  {escape(command)}   [dim]# {meaning}[/dim]", soft_wrap=True)


def complaints(result: Result) -> None:
    """Print policy violations and errors of one layer."""
    for violation in result.progress.violations:
        counts = violation.counts
        if not (counts.refused or counts.advisory):
            continue  # what is exempted is counted, and listed by exemption
        colour = "red" if counts.refused else "yellow"
        said = f"{result.layer}: {without_listing(violation.message)}"
        err.print(f"[{colour}]{violation.policy}[/{colour}] {escape(said)}", soft_wrap=True)
    for error in result.progress.errors:
        err.print(f"[red]error[/red] {escape(f'{result.layer}: {error}')}", soft_wrap=True)


def _counts(changes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {op}" for op, count in sorted(changes.items()))


def _policies(result: Result) -> str:
    counts = result.progress.counts
    found = (
        [f"[red]{counts.refused} refused[/red]"] * bool(counts.refused)
        + [f"{counts.advisory} advisory"] * bool(counts.advisory)
        + [f"{counts.exempted} exempted"] * bool(counts.exempted)
    )
    return ", ".join(found) or "ok"


def _step(step: Step) -> str:
    return f"{step.op} {step.name} ({step.type}){' FAILED' if step.failed else ''}"


def _print_until(shown: Watching, over: threading.Event) -> None:
    while not over.wait(PERIOD):
        shown.print_new()
    shown.print_new()
