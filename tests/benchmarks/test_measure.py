"""Ratios are of pairs; the first round is not counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import show
from benchmarks.account import Compared
from benchmarks.engine import Engine, Program
from benchmarks.measure import Pairs, Spread, measure
from benchmarks.packs import Packs
from benchmarks.timing import Taken

SECONDS = st.floats(0.1, 10)


@given(st.lists(SECONDS, min_size=1, max_size=9), SECONDS)
def test_a_machine_that_slows_down_does_not_change_the_ratio(others: list[float], ratio: float) -> None:
    spread = Pairs([ratio * other for other in others], others).ratio
    assert spread.median == pytest.approx(ratio)
    assert spread.low == pytest.approx(spread.high)


@given(st.lists(SECONDS, min_size=1))
def test_the_median_lies_between_the_extremes(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread.low <= spread.median <= spread.high
    assert {spread.low, spread.high} <= set(values)


class Stopwatch:
    """An engine whose first previews are slow; it notes in which order they are asked for."""

    def __init__(self) -> None:
        self.log: list[tuple[str, bool]] = []
        self._seconds: Iterator[int] = count()

    def layer(self, layer: str) -> Program:
        return Program(Path(), f"ours.{layer}", {}, Path())

    def preview(self, program: Program, *, pack: bool) -> float:
        self.log.append((program.stack, pack))
        return (100 if next(self._seconds) < 8 else 1) * (2 if program.stack.startswith("ours") else 1)

    def preview_all(self) -> float:
        return 3


@pytest.mark.parametrize("runs", [1, 3])
def test_each_pair_is_measured_one_after_the_other(runs: int) -> None:
    engine = Stopwatch()
    bare = {layer: Program(Path(), f"bare.{layer}", {}, Path()) for layer in ("a", "b")}
    told: list[str] = []
    found = measure(cast("Engine", engine), bare, runs, told.append)
    one = [(f"{side}.{layer}", pack) for layer in "ab" for pack in (False, True) for side in ("ours", "bare")]
    assert engine.log == one * (runs + 1)
    assert len(told) == runs
    assert all(pairs.ratio == Spread(2, 2, 2) for pairs in found.layers.values())
    assert all(len(pairs.ours) == runs for pairs in found.layers.values())
    assert found.together.other == [4] * runs
    packs = Packs(2, Pairs([1.0], [2.0]), Pairs([1.0], [4.0]), [Taken(2, 0.004, 0.006, 1)])
    shown = json.loads(json.dumps(show.as_json(found, Compared(Pairs([3.0], [2.0]), 7), packs)))
    assert shown["together"]["ratio"]["median"] == 0.75
    assert (shown["foundation"]["calls"], shown["foundation"]["ratio"]["median"]) == (7, 1.5)
    assert (shown["packs"]["preview"]["ratio"]["median"], shown["packs"]["start"]["ratio"]["median"]) == (0.5, 0.25)
    assert (packs.rules.median, packs.answers.median) == (0.002, 0.003)
