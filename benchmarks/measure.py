"""Interleaved measurements: each ratio is of two previews that ran one after the other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.engine import Engine, Program

GOAL = 1.15
"""Ratio that a layer's preview should stay under (issue 3)."""


@dataclass(frozen=True)
class Spread:
    """Median and extremes of measurements."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Return the spread of at least one value."""
        return Spread(statistics.median(values), min(values), max(values))


@dataclass
class Pairs:
    """Seconds of two things measured alternately, at least one pair."""

    ours: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> Spread:
        """Return the spread of the ratios of the pairs: what slows the machine for a while slows both of a pair."""
        return Spread.of([ours / other for ours, other in zip(self.ours, self.other, strict=True)])


@dataclass(frozen=True)
class Found:
    """All that one run measured."""

    runs: int
    layers: Mapping[tuple[str, bool], Pairs]
    """By layer, and whether with policies: the layer's preview and the bare program's."""
    together: Pairs
    """`idp preview` of all layers, and the sum of the layers' own previews with policies."""


def measure(engine: Engine, bare: Mapping[str, Program], runs: int, report: Callable[[str], None]) -> Found:
    """Measure each preview `runs` times in turn, after one round that is thrown away: it fills caches."""
    _round(engine, bare, _empty(bare, 0))
    found = _empty(bare, runs)
    for run in range(runs):
        _round(engine, bare, found)
        report(f"round {run + 1} of {runs}: {_so_far(found)}")
    return found


def _empty(bare: Mapping[str, Program], runs: int) -> Found:
    return Found(runs, {(layer, pack): Pairs() for layer in bare for pack in (False, True)}, Pairs())


def _round(engine: Engine, bare: Mapping[str, Program], found: Found) -> None:
    for (layer, pack), pairs in found.layers.items():
        pairs.ours.append(engine.preview(engine.layer(layer), pack=pack))
        pairs.other.append(engine.preview(bare[layer], pack=pack))
    found.together.ours.append(engine.preview_all())
    found.together.other.append(sum(pairs.ours[-1] for (_, pack), pairs in found.layers.items() if pack))


def _so_far(found: Found) -> str:
    return ", ".join(
        f"{layer}{' with policies' if pack else ''} {pairs.ratio.median:.2f}"
        for (layer, pack), pairs in found.layers.items()
    )
