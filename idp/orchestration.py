"""Runs an operation over the layers of an environment, in the order of their dependencies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from idp.engine import pending
from idp.engine.layer import Result, StackSummary
from idp.engine.progress import Progress
from idp.errors import Exit, IdpError
from idp.session import LONG, SOON, NotReady, Session
from stacks.layers import Graph

MOST_SHOWN = 3
"""Protected resources named in one line."""

Watch = Callable[[str, Progress], None]
"""Told when an operation on a layer begins: what it is, and the progress to look at."""


def preview(session: Session, watch: Watch) -> list[Result]:
    """Preview the chosen layers side by side, as far as what they read is known already.

    A layer above one that was never deployed, or not to its end, can't be previewed: it is left out of the results.
    """
    summaries = session.layers.summaries()
    known = _known(session, summaries)
    # The engine previews only what has a stack, if an empty one.
    _create(session, [layer for layer in known if layer not in summaries])
    return _conclusive(session.graph, _preview(session, watch, known))


def up(session: Session, watch: Watch, *, refresh: bool = False) -> list[Result]:
    """Bring the chosen layers to what their programs say; nothing is begun above a layer that fails.

    First all layers whose inputs are known are previewed side by side, so that a refusal by policy or a broken
    program is found before anything changes. Then those that change are updated, each as soon as those that it reads
    stand.
    """
    summaries = session.layers.summaries()
    unsettled = _prepare(session, summaries)
    known = () if refresh else [layer for layer in _known(session, summaries) if layer not in unsettled]
    previews = {result.layer: result for result in _conclusive(session.graph, _preview(session, watch, known))}
    if failed := [result for result in previews.values() if not result.ok]:
        return failed
    return _update(session, watch, previews, unsettled, refresh=refresh)


def down(session: Session, watch: Watch, *, refresh: bool = False, unprotect: bool = False) -> list[Result]:
    """Remove the chosen layers, those above first; stops at the first that fails.

    Raises what `check_removable` does, with nothing removed.
    """
    results = []
    summaries = session.layers.summaries()
    for layer in reversed(_removable(session, summaries, unprotect=unprotect)):
        unsettled = pending.pending(session.settings, layer)
        if summaries[layer].resources or unsettled:
            # An empty one, which an update never got to, may wait for a server that will never be there.
            session.ready(layer, LONG)
        if unsettled:
            session.layers.settle(layer)
        if unprotect:
            session.layers.unprotect(layer)
        progress = _begin(watch, "destroy", layer)
        result = session.layers.destroy(progress, refresh=refresh)
        results.append(result)
        if not result.ok:
            break
        session.layers.remove(layer)
    return results


def check_removable(session: Session, *, unprotect: bool = False) -> list[str]:
    """Return which of the chosen layers stand, in dependency order.

    Raises `IdpError(INVALID)` if a layer that is to stay reads from one that is to go, or if something is protected
    and `unprotect` is not said.
    """
    return _removable(session, session.layers.summaries(), unprotect=unprotect)


def _removable(session: Session, summaries: Mapping[str, StackSummary], *, unprotect: bool) -> list[str]:
    standing = [layer for layer in session.chosen if layer in summaries]
    _check_nothing_above(session, summaries)
    if not unprotect:
        _check_unprotected(session, standing)
    return standing


def _prepare(session: Session, summaries: Mapping[str, StackSummary]) -> set[str]:
    """Create the stacks that are missing, and settle what a crash left open; return the layers that must wait for that.

    What such a layer lives on may be what the update of a layer below repairs.
    """
    waiting = set()
    _create(session, [layer for layer in session.chosen if layer not in summaries])
    for layer in session.chosen:
        if layer in summaries and pending.pending(session.settings, layer):
            try:
                session.ready(layer, SOON)
            except NotReady:
                waiting.add(layer)
            else:
                session.layers.settle(layer)
    return waiting


def _create(session: Session, layers: Sequence[str]) -> None:
    """Create empty stacks, side by side: each is a start of the engine."""
    with ThreadPoolExecutor(max(1, len(layers))) as pool:
        list(pool.map(session.layers.create, layers))


def _update(
    session: Session, watch: Watch, previews: Mapping[str, Result], unsettled: Collection[str], *, refresh: bool
) -> list[Result]:
    begun: dict[str, Future[Result | None]] = {}
    with ThreadPoolExecutor(max(1, len(session.chosen))) as pool:
        for layer in session.chosen:
            below = [begun[one] for one in session.graph[layer] if one in begun]
            update = _LayerUpdate(session, watch, layer, previews.get(layer), layer in unsettled, refresh)
            begun[layer] = pool.submit(update.after, below)
    results = (one.result() for one in begun.values())
    return [result for result in results if result is not None]


@dataclass(frozen=True)
class _LayerUpdate:
    """What is to be done to one layer."""

    session: Session
    watch: Watch
    layer: str
    previewed: Result | None
    unsettled: bool
    refresh: bool

    def after(self, below: Sequence[Future[Result | None]]) -> Result | None:
        """Update the layer once those below are done; return None, with nothing begun, if one of them failed."""
        results = [one.result() for one in below]
        if not all(result is not None and result.ok for result in results):
            return None
        return self._bring(moved=any(result.action == "up" for result in results if result))

    def _bring(self, *, moved: bool) -> Result:
        """Preview the layer, unless that was done on the inputs that it has (have they `moved`?), and update it."""
        session, layer, seen = self.session, self.layer, self.previewed
        if seen is None or seen.changed or self.refresh or moved:
            session.ready(layer, LONG)
        if self.unsettled:
            session.layers.settle(layer)
        if seen is None or moved:
            seen = session.layers.preview(_begin(self.watch, "preview", layer))
            if not seen.ok:
                return seen
        if not seen.changed and not self.refresh:
            return Result(layer, "unchanged", True, seen.seconds, seen.progress)
        return session.layers.up(_begin(self.watch, "up", layer), refresh=self.refresh)


def _check_nothing_above(session: Session, summaries: Mapping[str, StackSummary]) -> None:
    chosen = set(session.chosen)
    for layer, summary in summaries.items():
        if layer not in chosen and summary.resources and (below := chosen.intersection(session.graph.get(layer, ()))):
            raise IdpError(
                f"layer: {', '.join(sorted(below))} can't go while {layer} stands on it; remove {layer} first, or all",
                Exit.INVALID,
            )


def _check_unprotected(session: Session, layers: Sequence[str]) -> None:
    name = session.environment.name
    lines = []
    for layer in layers:
        if protected := session.layers.protected(layer):
            shown = ", ".join(protected[:MOST_SHOWN]) + (", ..." if len(protected) > MOST_SHOWN else "")
            lines.append(
                f"{name}.{layer}: {len(protected)} protected resources hold data ({shown}); nothing was removed."
                f" `--i-know {name}` lets them be removed, for ever"
            )
    if lines:
        raise IdpError("\n".join(lines), Exit.INVALID)


def _known(session: Session, summaries: Mapping[str, StackSummary]) -> list[str]:
    """Return the chosen layers whose inputs are known: what they read from stands."""
    standing = {layer for layer, summary in summaries.items() if summary.updated and summary.resources}
    return [layer for layer in session.chosen if standing.issuperset(session.graph[layer])]


def _preview(session: Session, watch: Watch, layers: Collection[str]) -> list[Result]:
    if not layers:
        return []

    def look(layer: str) -> Result | None:
        try:
            session.ready(layer, SOON)
        except NotReady:
            # What it stands on may be what an update repairs: it is looked at again after that.
            return None
        return session.layers.preview(_begin(watch, "preview", layer))

    with ThreadPoolExecutor(len(layers)) as pool:
        return [result for result in pool.map(look, layers) if result is not None]


def _conclusive(graph: Graph, previews: Sequence[Result]) -> list[Result]:
    """Return the previews that prove something, in order.

    A program that failed on outputs that are about to change (not there yet after a crash, or new) may well work
    on what they will be. What a policy refused stays refused.
    """
    changing: set[str] = set()
    found = []
    for result in previews:
        open_inputs = changing.intersection(graph[result.layer])
        if result.ok or result.refused or not open_inputs:
            found.append(result)
        if not result.ok or result.changed or open_inputs:
            changing.add(result.layer)
    return found


def _begin(watch: Watch, action: str, layer: str) -> Progress:
    progress = Progress(layer)
    watch(action, progress)
    return progress
