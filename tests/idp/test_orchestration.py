"""Layers in order, whatever their graph: properties over random graphs, on layers that only remember."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import orchestration
from idp.engine import pending
from idp.engine.layer import Result, StackSummary
from idp.engine.progress import Progress, Step, Violation
from idp.engine.settings import EngineSettings
from idp.errors import Exit, IdpError
from idp.session import LONG, SOON, NotReady, Session

Graph = dict[str, tuple[str, ...]]
NAMES = tuple("abcdef")
Operation = Callable[[Session, orchestration.Watch], list[Result]]


@dataclass
class World:
    """Layers that stand or do not; an update takes over what the layers below export at that moment."""

    graph: Graph
    standing: set[str]
    dirty: set[str]
    """Layers whose own program has changed."""
    refused: set[str] = field(default_factory=set)
    """Layers whose preview a policy refuses."""
    broken: set[str] = field(default_factory=set)
    """Layers whose update fails halfway."""
    silent: set[str] = field(default_factory=set)
    """Layers whose update changes no output."""
    log: list[tuple[str, str]] = field(default_factory=list)
    stacks: set[str] = field(default_factory=set)
    locked: dict[str, list[str]] = field(default_factory=dict)
    """Protected resources by layer."""
    exports: dict[str, int] = field(default_factory=dict)
    barred: set[str] = field(default_factory=set)
    """Layers whose servers let nobody in until a layer below is updated, which repairs them."""
    gone: set[str] = field(default_factory=set)
    """Layers whose servers let nobody in, whatever is updated."""
    asked: list[tuple[str, float]] = field(default_factory=list)
    """What `ready` was called with."""
    let_in: set[str] = field(default_factory=set)
    """Layers for which it found what they need."""
    seen: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stacks |= self.standing
        self.exports = dict.fromkeys(self.graph, 0)
        self.seen = {layer: dict.fromkeys(below, 0) for layer, below in self.graph.items()}

    def needs_update(self, layer: str) -> bool:
        stale = any(self.exports[below] != self.seen[layer][below] for below in self.graph[layer])
        return layer not in self.standing or layer in self.dirty or stale

    def ready(self, layer: str, patience: float) -> None:
        self.asked.append((layer, patience))
        if layer in self.gone | self.barred:
            raise NotReady(f"{layer}: nobody answers")
        self.let_in.add(layer)

    def need(self, layer: str) -> None:
        """Check that what the layer lives on was asked for before the engine works on it."""
        assert layer in self.let_in, "worked on without asking for what it needs"

    def summaries(self) -> dict[str, StackSummary]:
        return {
            name: StackSummary("now", 1) if name in self.standing else StackSummary(None, 0) for name in self.stacks
        }

    def create(self, layer: str) -> None:
        assert layer not in self.stacks
        self.stacks.add(layer)

    def preview(self, progress: Progress) -> Result:
        layer = progress.layer
        self.need(layer)
        self.log.append(("preview", layer))
        assert layer in self.stacks
        assert self.standing.issuperset(self.graph[layer]), "previewed before its inputs were known"
        if layer in self.refused:
            progress.violations.append(Violation("rule", True, None, "no"))
            return Result(layer, "preview", False, 0.0, progress)
        if self.needs_update(layer):
            progress.steps.append(Step("update", "t", layer, f"urn::{layer}"))
        return Result(layer, "preview", True, 0.0, progress)

    def up(self, progress: Progress, *, refresh: bool = False) -> Result:
        layer = progress.layer
        assert refresh or self.needs_update(layer), "updated though nothing changes"
        self.need(layer)
        self.log.append(("up", layer))
        self.barred -= {above for above, below in self.graph.items() if layer in below}
        if layer in self.broken:
            progress.errors.append("halfway")
            return Result(layer, "up", False, 0.0, progress)
        if self.needs_update(layer) and layer not in self.silent:
            self.exports[layer] += 1
        self.seen[layer] = {below: self.exports[below] for below in self.graph[layer]}
        self.standing.add(layer)
        self.dirty.discard(layer)
        return Result(layer, "up", True, 0.0, progress)

    def destroy(self, progress: Progress, *, refresh: bool = False) -> Result:  # noqa: ARG002 - as Layers has it
        layer = progress.layer
        if layer in self.standing:
            self.need(layer)
        self.log.append(("destroy", layer))
        assert not self.locked.get(layer), "the engine refuses to delete what is protected"
        if layer in self.broken:
            return Result(layer, "destroy", False, 0.0, progress)
        self.standing.discard(layer)
        return Result(layer, "destroy", True, 0.0, progress)

    def remove(self, layer: str) -> None:
        assert layer not in self.standing
        self.stacks.remove(layer)

    def protected(self, layer: str) -> list[str]:
        assert layer in self.stacks, "asked for the resources of a stack that is not there"
        return self.locked.get(layer, [])

    def unprotect(self, layer: str) -> None:
        self.log.append(("unprotect", layer))
        self.locked.pop(layer, None)

    def settle(self, layer: str) -> None:
        self.need(layer)
        self.log.append(("settle", layer))

    def did(self, action: str) -> list[str]:
        return [layer for done, layer in self.log if done == action]


@st.composite
def worlds(draw: st.DrawFn, *, faults: bool) -> World:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    graph = {
        name: tuple(draw(st.lists(st.sampled_from(names[:at]), unique=True))) if at else ()
        for at, name in enumerate(names)
    }
    some = st.sets(st.sampled_from(names))
    standing: set[str] = set()
    for name, wanted in zip(
        names, draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names))), strict=True
    ):
        if wanted and standing.issuperset(graph[name]):
            standing.add(name)
    refused, broken = (draw(some), draw(some)) if faults else (set(), set())
    return World(graph, standing, draw(some), refused, broken, draw(some), stacks=draw(some))


@pytest.fixture(autouse=True)
def no_crash_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "pending", lambda _settings, _layer: False)


def session(world: World, chosen: tuple[str, ...] | None = None) -> Session:
    settings = EngineSettings("graph", "s3://elsewhere", "awskms://key", {})
    found = SimpleNamespace(
        environment=SimpleNamespace(name="graph"),
        settings=settings,
        layers=world,
        graph=world.graph,
        chosen=chosen or tuple(world.graph),
        ready=world.ready,
    )
    return cast("Session", found)


def run_up(world: World, **options: bool) -> list[Result]:
    return orchestration.up(session(world), lambda _action, _progress: None, **options)


def after(log: list[tuple[str, str]], event: tuple[str, str]) -> Iterator[tuple[str, str]]:
    yield from log[log.index(event) + 1 :]


@given(worlds(faults=False))
def test_up_brings_every_layer_to_its_program(world: World) -> None:
    results = run_up(world)
    assert [result.layer for result in results] == list(world.graph)
    assert all(result.ok for result in results)
    assert world.standing == set(world.graph)
    assert not any(world.needs_update(layer) for layer in world.graph)


@given(worlds(faults=False))
def test_a_second_up_updates_nothing_and_previews_each_layer_once(world: World) -> None:
    run_up(world)
    world.log.clear()
    results = run_up(world)
    assert {result.action for result in results} == {"unchanged"}
    assert sorted(world.log) == [("preview", layer) for layer in sorted(world.graph)]


@given(worlds(faults=True))
def test_no_layer_is_updated_before_a_layer_it_reads(world: World) -> None:
    run_up(world)
    for event in [event for event in world.log if event[0] == "up"]:
        later = {layer for action, layer in after(world.log, event) if action == "up"}
        assert not later.intersection(world.graph[event[1]])


@given(worlds(faults=True))
def test_what_reads_from_an_updated_layer_is_previewed_again_before_its_own_update(world: World) -> None:
    run_up(world)
    for upper, below in world.graph.items():
        for under in below:
            if ("up", under) in world.log and ("up", upper) in world.log:
                between = world.log[world.log.index(("up", under)) : world.log.index(("up", upper))]
                assert ("preview", upper) in between


def all_below(world: World, layer: str) -> set[str]:
    """Return the layers that a layer reads, and those that these read."""
    return {one for below in world.graph[layer] for one in (below, *all_below(world, below))}


@given(worlds(faults=True))
def test_up_stops_at_the_first_failure(world: World) -> None:
    results = run_up(world)
    failed = [result for result in results if not result.ok]
    if failed:
        ups = world.did("up")
        assert not world.refused.intersection(ups)
        down = {result.layer for result in failed}
        assert not [layer for layer in ups if down & all_below(world, layer)]
    else:
        assert not any(world.needs_update(layer) for layer in world.graph)


@given(worlds(faults=True))
def test_a_refusal_that_can_be_seen_beforehand_keeps_everything_as_it_is(world: World) -> None:
    seen_first = {layer for layer, below in world.graph.items() if world.standing.issuperset(below)}
    refused = world.refused & seen_first
    results = run_up(world)
    if refused:
        assert {result.layer for result in results} == refused
        assert all(result.refused for result in results)
        assert not world.did("up")


@given(worlds(faults=False))
def test_refresh_updates_every_layer_even_if_its_program_says_the_same(world: World) -> None:
    run_up(world, refresh=True)
    assert world.did("up") == list(world.graph)


@given(worlds(faults=False))
def test_preview_changes_nothing_and_takes_what_is_known(world: World) -> None:
    before = (set(world.standing), dict(world.exports))
    known = [layer for layer, below in world.graph.items() if world.standing.issuperset(below)]
    results = orchestration.preview(session(world), lambda _action, _progress: None)
    assert [result.layer for result in results] == known
    assert (world.standing, world.exports) == before
    assert not world.did("up")


@given(worlds(faults=True))
def test_down_removes_upper_layers_first_and_stops_at_the_first_failure(world: World) -> None:
    there = [layer for layer in reversed(world.graph) if layer in world.stacks]
    results = orchestration.down(session(world), lambda _action, _progress: None)
    first_broken = next((at for at, layer in enumerate(there) if layer in world.broken), len(there))
    assert [result.layer for result in results] == there[: first_broken + 1]
    assert world.stacks == set(there[first_broken:])


protection = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(("key", "bucket", "zone", "repository")), min_size=1, max_size=5)
)


@given(worlds(faults=False), protection)
def test_down_refuses_what_is_protected_with_a_line_for_each_layer_and_removes_nothing(
    world: World, locked: dict[str, list[str]]
) -> None:
    world.locked = {layer: names for layer, names in locked.items() if layer in world.graph}
    before = (set(world.stacks), set(world.standing))
    held = [layer for layer in world.graph if layer in world.stacks and layer in world.locked]
    if not held:
        assert orchestration.check_removable(session(world)) == [
            layer for layer in world.graph if layer in world.stacks
        ]
        return
    for refused in (orchestration.check_removable, lambda found: orchestration.down(found, lambda *_: None)):
        with pytest.raises(IdpError) as caught:
            refused(session(world))
        assert caught.value.code == Exit.INVALID
        lines = str(caught.value).splitlines()
        assert [line.partition(":")[0] for line in lines] == [f"graph.{layer}" for layer in held]
        for layer, line in zip(held, lines, strict=True):
            names = world.locked[layer]
            assert f" {len(names)} protected resources" in line
            assert f"({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" in line
            assert "`--i-know graph`" in line
    assert world.log == []
    assert (world.stacks, world.standing) == before


@given(worlds(faults=False), protection)
def test_down_that_is_told_to_removes_what_is_protected_unprotecting_each_layer_just_before(
    world: World, locked: dict[str, list[str]]
) -> None:
    world.locked = {layer: names for layer, names in locked.items() if layer in world.graph}
    there = [layer for layer in reversed(world.graph) if layer in world.stacks]
    results = orchestration.down(session(world), lambda _action, _progress: None, unprotect=True)
    assert [result.layer for result in results] == there
    assert world.log == [event for layer in there for event in (("unprotect", layer), ("destroy", layer))]
    assert world.stacks == set()


@given(worlds(faults=True), protection)
def test_a_layer_that_is_not_reached_stays_protected(world: World, locked: dict[str, list[str]]) -> None:
    world.locked = {layer: names for layer, names in locked.items() if layer in world.graph}
    orchestration.down(session(world), lambda _action, _progress: None, unprotect=True)
    assert world.did("unprotect") == world.did("destroy")


def test_what_is_protected_elsewhere_keeps_nobody() -> None:
    world = World({"a": (), "b": ("a",)}, {"a", "b"}, set(), locked={"a": ["key"]})
    assert orchestration.check_removable(session(world, ("b",))) == ["b"]


def test_only_chosen_layers_are_touched() -> None:
    world = World({"a": (), "b": ("a",), "c": ("b",)}, {"a", "b", "c"}, {"a", "b", "c"})
    orchestration.up(session(world, ("b",)), lambda _action, _progress: None)
    assert {layer for _, layer in world.log} == {"b"}


@pytest.mark.parametrize("operation", [orchestration.up, orchestration.down])
def test_what_a_crash_left_is_settled_first(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World({"a": ()}, {"a"}, {"a"})
    monkeypatch.setattr(pending, "pending", lambda _settings, layer: layer == "a")
    operation(session(world), lambda _action, _progress: None)
    assert world.log[0] == ("settle", "a")
    assert len(world.log) > 1


def test_watch_is_told_of_every_operation() -> None:
    world = World({"a": ()}, set(), {"a"})
    told: list[tuple[str, str]] = []
    orchestration.up(session(world), lambda action, progress: told.append((action, progress.layer)))
    assert told == world.log == [("preview", "a"), ("up", "a")]


def inner(world: World) -> set[str]:
    """Return the layers that read from another."""
    return {layer for layer, below in world.graph.items() if below}


@given(worlds(faults=False), st.data())
def test_a_layer_without_its_servers_is_left_out_of_the_first_previews_and_looked_at_after_the_one_below(
    world: World, data: st.DataObject
) -> None:
    world.standing = world.stacks = set(world.graph)
    world.dirty = {layer for layer, below in world.graph.items() if not below}
    world.barred = data.draw(st.sets(st.sampled_from(sorted(inner(world))))) if inner(world) else set()
    direct = {layer for layer in world.barred if world.dirty.intersection(world.graph[layer])}
    world.barred, barred = set(direct), set(direct)
    results = run_up(world)
    assert all(result.ok for result in results)
    assert [result.layer for result in results] == list(world.graph)
    for layer in barred:
        below = min(world.log.index(("up", under)) for under in world.graph[layer] if ("up", under) in world.log)
        assert ("preview", layer) not in world.log[:below]
        assert ("preview", layer) in world.log[below:]


@given(worlds(faults=False), st.data())
def test_a_layer_whose_servers_stay_away_ends_an_update_there_with_the_reason(
    world: World, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(world.graph)))
    world.gone = {gone}
    with pytest.raises(NotReady, match=f"^{gone}: nobody answers$"):
        run_up(world)
    above = {layer for layer in world.graph if gone in all_below(world, layer)}
    assert not above.intersection(world.did("up"))
    # All others stand.
    assert world.standing.issuperset(set(world.graph) - above - {gone})


@given(worlds(faults=False), st.data())
def test_a_preview_leaves_out_what_has_no_servers_and_shows_the_rest(world: World, data: st.DataObject) -> None:
    world.gone = data.draw(st.sets(st.sampled_from(sorted(world.graph))))
    known = [layer for layer, below in world.graph.items() if world.standing.issuperset(below)]
    results = orchestration.preview(session(world), lambda _action, _progress: None)
    assert [result.layer for result in results] == [layer for layer in known if layer not in world.gone]
    assert {patience for _, patience in world.asked} <= {SOON}


@given(worlds(faults=False), st.data())
def test_what_holds_something_is_removed_only_through_its_servers(world: World, data: st.DataObject) -> None:
    """What an update never got to goes without."""
    world.gone = data.draw(st.sets(st.sampled_from(sorted(world.graph))))
    there = [layer for layer in reversed(world.graph) if layer in world.stacks]
    stuck = next((at for at, layer in enumerate(there) if layer in world.gone & world.standing), len(there))
    if stuck == len(there):
        orchestration.down(session(world), lambda _action, _progress: None)
    else:
        with pytest.raises(NotReady, match=f"^{there[stuck]}: nobody answers$"):
            orchestration.down(session(world), lambda _action, _progress: None)
    assert world.stacks == set(there[stuck:])


@pytest.mark.parametrize("operation", [orchestration.up, orchestration.down])
def test_what_a_crash_left_is_not_settled_without_servers(
    monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    monkeypatch.setattr(pending, "pending", lambda _settings, _layer: True)
    world = World({"a": ()}, {"a"}, set(), gone={"a"})
    with pytest.raises(NotReady):
        operation(session(world), lambda _action, _progress: None)
    assert world.log == []
    # An update looks at it first, as that of a layer below may repair what it lives on.
    first = [("a", SOON)] if operation is orchestration.up else []
    assert world.asked == [*first, ("a", LONG)]
