"""A creation of several requests, cut off after each of them: the next update finishes it, nothing is made twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from idp.loopback.provider.unfinished import KEY
from idp.loopback.provider.values import unpack

from .cases import CASES, Case
from .conftest import World
from .engine import REGION, Engine, RefusedError, Resource
from .faults import Faults

MOST = 6
"""Requests of the longest creation, and one."""

ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.token.rsplit(":", 1)[-1])


@pytest.fixture(scope="module")
def faults(endpoint: str) -> Iterator[Faults]:
    with Faults(endpoint) as started:
        yield started


@pytest.fixture(scope="module")
def cut(faults: Faults) -> Iterator[Engine]:
    """Return an engine whose requests go through the proxy."""
    started = Engine(faults.endpoint)
    started.configure(defaultTags='{"tags": {"owner": "platform"}}', region=REGION)
    yield started
    started.server.stop(1).wait()


def _begun(cut: Engine, case: Case, inputs: dict[str, object], name: str) -> tuple[Resource | None, bool]:
    """Return what the engine keeps of a creation, None if nothing was made; and whether it is complete."""
    try:
        return cut.create(case.token, inputs, name), True
    except RefusedError as error:
        if "The credentials have expired" not in str(error):
            raise
        if error.made is None:
            return None, False
        # The engine keeps the program's inputs, and the outputs that come with the error.
        checked, _ = cut.check(case.token, inputs, name=name)
        return Resource(case.token, error.made.id, checked, unpack(error.made.properties).properties, name), False


@ALL
@pytest.mark.parametrize("refreshed", [False, True], ids=["at once", "after a refresh"])
def test_the_next_update_finishes_it(
    engine: Engine, cut: Engine, faults: Faults, world: World, case: Case, refreshed: bool
) -> None:
    partly = 0
    for after in range(MOST):
        # Anew each time: names that no two can share.
        inputs = case.minimal(world)
        inputs |= case.full(world, inputs)
        faults.expire(after)
        begun, complete = _begun(cut, case, inputs, world.unique("cut"))
        assert bool(faults.refused) != complete
        faults.heal()
        if begun is None:
            continue
        if not complete:
            partly += 1
            _finish(engine, begun, refreshed)
        engine.delete(begun)
        if complete:
            # At most the first request, which would have made it, left nothing to be finished.
            assert partly >= after - 1
            return
    raise AssertionError(f"more than {MOST} requests")


def _finish(engine: Engine, begun: Resource, refreshed: bool) -> None:
    assert begun.outputs[KEY]
    recorded = begun
    if refreshed:
        seen = engine.refresh(begun)
        assert seen is not None
        assert seen.outputs[KEY] == begun.outputs[KEY]
        recorded = seen
    diff = engine.diff(recorded, begun.inputs)
    assert diff
    assert diff.replaces == []
    # With the same inputs, as the engine does for a resource whose creation had an error.
    finished = engine.update_checked(recorded, begun.inputs)
    assert KEY not in finished.outputs
    again = engine.refresh(finished)
    assert again is not None
    assert again.outputs == finished.outputs
    assert engine.diff(again, begun.inputs).paths == {}
