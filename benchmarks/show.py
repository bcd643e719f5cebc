"""What was measured, as tables for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict

from rich.table import Table

from benchmarks.account import Compared
from benchmarks.measure import GOAL, Found, Pairs, Spread
from idp.display import out


def tables(found: Found, compared: Compared) -> None:
    """Print one table for the layers, one for all of them at once, and one for the foundation's first `up`."""
    layers = Table(title=f"no-change preview, {found.runs} runs: median (lowest-highest)", title_justify="left")
    for heading in ("layer", "policies", "ours", "bare program", "ratio", "goal"):
        layers.add_column(heading, overflow="fold")
    for (layer, pack), pairs in found.layers.items():
        policies = "our pack : one empty policy" if pack else "none"
        layers.add_row(layer, policies, *_row(pairs), f"<= {GOAL}")
    out.print(layers)
    together = Table(title="all layers", title_justify="left")
    for heading in ("idp preview, side by side", "sum of the layers' previews", "ratio"):
        together.add_column(heading, overflow="fold")
    together.add_row(*_row(found.together))
    out.print(together)
    account = Table(title="foundation, up from an empty account", title_justify="left")
    for heading in ("pulumi up with policies", f"the same {compared.calls} calls in plain boto3", "ratio"):
        account.add_column(heading, overflow="fold")
    account.add_row(*_row(compared.pairs))
    out.print(account)


def as_json(found: Found, compared: Compared) -> Mapping[str, object]:
    """Return all measurements: seconds in the order they were taken, and the spread of the ratios."""
    return {
        "runs": found.runs,
        "goal": GOAL,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "kernel": platform.release()},
        "layers": [
            {"layer": layer, "policies": pack, **_pairs(pairs, "bare")} for (layer, pack), pairs in found.layers.items()
        ],
        "together": _pairs(found.together, "sum"),
        "foundation": {"calls": compared.calls, **_pairs(compared.pairs, "boto3")},
    }


def _pairs(pairs: Pairs, other: str) -> Mapping[str, object]:
    return {"ours": pairs.ours, other: pairs.other, "ratio": asdict(pairs.ratio)}


def _row(pairs: Pairs) -> tuple[str, str, str]:
    ours, other = (_text(Spread.of(values), " s") for values in (pairs.ours, pairs.other))
    return ours, other, _text(pairs.ratio, "")


def _text(spread: Spread, unit: str) -> str:
    return f"{spread.median:.2f}{unit} ({spread.low:.2f}-{spread.high:.2f})"
