"""What was measured, as tables for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict

from rich.table import Table

from benchmarks import mixed
from benchmarks.account import Compared
from benchmarks.measure import GOAL, Found, Pairs, Spread
from benchmarks.packs import GOAL as PACKS_GOAL
from benchmarks.packs import RULES_GOAL, Packs
from idp.display import out


def tables(found: Found, compared: Compared, packs: Packs) -> None:
    """Print tables: the layers, all of them at once, the foundation's first `up`, and the policy packs."""
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
    out.print(_packs(packs))


def _packs(packs: Packs) -> Table:
    kinds = len({token for token, _, _ in mixed.resources(packs.count)})
    findings = max(one.findings for one in packs.taken)
    title = f"policies over {packs.count} resources of {kinds} kinds, all rules; {findings} findings"
    table = Table(title=title, title_justify="left")
    for heading in ("what", "our pack", "stock pack, one empty policy", "ratio", "goal"):
        table.add_column(heading, overflow="fold")
    table.add_row("preview", *_row(packs.previews), f"<= {PACKS_GOAL}")
    table.add_row("start of the pack", *_row(packs.starts), f"<= {PACKS_GOAL}")
    goal = f"<= {RULES_GOAL * 1e3} ms"
    table.add_row("inside the rules, for each resource", _milliseconds(packs.rules), "", "", goal)
    table.add_row("in the pack in all, for each resource", _milliseconds(packs.answers), "", "", "")
    return table


def _milliseconds(seconds: Spread) -> str:
    return _text(Spread(seconds.median * 1e3, seconds.low * 1e3, seconds.high * 1e3), " ms")


def as_json(found: Found, compared: Compared, packs: Packs) -> Mapping[str, object]:
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
        "packs": {
            "resources": packs.count,
            "preview": _pairs(packs.previews, "stock"),
            "start": _pairs(packs.starts, "stock"),
            "taken": [asdict(one) for one in packs.taken],
        },
    }


def _pairs(pairs: Pairs, other: str) -> Mapping[str, object]:
    return {"ours": pairs.ours, other: pairs.other, "ratio": asdict(pairs.ratio)}


def _row(pairs: Pairs) -> tuple[str, str, str]:
    ours, other = (_text(Spread.of(values), " s") for values in (pairs.ours, pairs.other))
    return ours, other, _text(pairs.ratio, "")


def _text(spread: Spread, unit: str) -> str:
    return f"{spread.median:.2f}{unit} ({spread.low:.2f}-{spread.high:.2f})"
