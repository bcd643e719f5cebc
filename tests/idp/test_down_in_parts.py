"""A layer is not taken away from under another."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from idp import orchestration
from idp.engine.layer import StackSummary
from idp.errors import Exit, IdpError
from stacks.layers import LAYERS


def _session(chosen: tuple[str, ...], standing: tuple[str, ...]) -> SimpleNamespace:
    summaries = {layer: StackSummary("2026-01-01T00:00:00", 3) for layer in standing}
    layers = SimpleNamespace(summaries=lambda: summaries, protected=lambda _layer: [])
    return SimpleNamespace(chosen=chosen, graph=LAYERS, layers=layers, environment=SimpleNamespace(name="local"))


PAIRS = [(below, above) for above, reads in LAYERS.items() for below in reads]


@pytest.mark.parametrize(("below", "above"), PAIRS)
def test_a_layer_that_another_stands_on_is_refused(below: str, above: str) -> None:
    session = _session((below,), (below, above))
    with pytest.raises(IdpError, match=f"{below} can't go while {above} stands") as error:
        orchestration.down(session, lambda *_: pytest.fail("begun all the same"))
    assert error.value.code == Exit.INVALID


@pytest.mark.parametrize(("below", "above"), PAIRS)
def test_an_empty_stack_above_keeps_nobody(below: str, above: str) -> None:
    session = _session((below,), ())
    session.layers.summaries = lambda: {above: StackSummary(None, 0)}
    assert orchestration.down(session, lambda *_: None) == []
