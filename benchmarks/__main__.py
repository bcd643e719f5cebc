"""`python -m benchmarks`: stands a copy of the checkout up, measures, shows, and removes everything."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.markup import escape

from benchmarks import account, bare_aws, bare_kubernetes, measure, packs, show
from benchmarks.checkout import standing
from benchmarks.engine import Engine
from idp import display, paths
from idp.errors import Exit, IdpError
from stacks.layers import FOUNDATION, LAYERS

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command(epilog="Example: python -m benchmarks --runs 9 --output /tmp/bench.json")
def bench(
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=1, max=100, help="How often each is measured.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write the JSON there, too.")] = None,
) -> None:
    """Compare each layer's no-change preview with a bare Pulumi program of the same resources, side by side in one run.

    The foundation's `up` from an empty account is compared with the same calls in plain boto3, and our policy pack
    with a stock pack of one empty policy, over a thousand resources.

    Needs Linux and root; works in a copy of the checkout with a cluster of its own and removes both at the end.
    Exits with 0 whatever the ratios are.
    """
    if output is not None and not output.resolve().parent.is_dir():
        raise IdpError(f"--output: {output}: its folder is not there", Exit.INVALID)
    with standing(paths.ROOT, display.note) as checkout:
        engine = Engine(checkout)
        bare = {
            layer: (bare_aws if layer == FOUNDATION else bare_kubernetes).stand_up(engine, layer, display.note)
            for layer in LAYERS
        }
        found = measure.measure(engine, bare, runs, display.note)
        compared = account.compare(engine, runs, display.note)
        judged = packs.compare(engine, runs, display.note)
    document = json.dumps(show.as_json(found, compared, judged), indent=2)
    if output is not None:
        output.write_text(document + "\n")
    if as_json:
        typer.echo(document)
    else:
        show.tables(found, compared, judged)


def main() -> None:
    """Run the command; whatever ends it, what it stood up is removed first."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except IdpError as error:
        for line in str(error).splitlines():
            display.err.print(f"[red]error[/red] {escape(line)}", soft_wrap=True)
        sys.exit(error.code)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
