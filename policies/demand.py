"""What a rule demands of an object, item by item: judged here, and by the API server from the same words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from policies.condition import Condition, Scope
from policies.plain import UNKNOWN, Plain, at, join
from policies.pods import ALL, RUNNING, WORKLOADS, defaulted, pod_spec_path
from policies.rule import Finding, NotYetKnown, Resource, Violation

ITEM = "item"
"""The root of the item that is judged."""
POD = "variables.pod"
"""The root of the pod spec, in demands on workloads; roots are named as CEL names them."""
OBJECT = "object"
"""The root of the whole object."""
TEMPLATE = "variables.template"
"""The root of what carries the pod spec beside its metadata: a Pod, or the template in another kind."""

REGISTRIES = "variables.registries"
"""The root of `Settings.registries`, in demands on workloads."""


_Steps: TypeAlias = tuple[str | int, ...]
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Items:
    """Where the items are that a demand judges one by one."""

    root: str
    lists: tuple[tuple[str, ...], ...]
    """Paths of lists from the root; none is the root itself."""
    replaced: str | None = None
    """A key that only a new item has: with it, an item of a patch is a whole one, though what is around it is not."""

    def cel(self, condition: Condition) -> str:
        """Return that the condition holds for every item."""
        if not self.lists:
            return f"[{self.root}].all({ITEM}, {condition.cel()})"
        found = [f"{self.root}{''.join(f'.?{key}' for key in keys)}.orValue([])" for keys in self.lists]
        return " && ".join(f"{items}.all({ITEM}, {condition.cel()})" for items in found)


EVERY_CONTAINER = Items(POD, tuple((name,) for name in ALL), replaced="image")
STARTED_CONTAINERS = Items(POD, tuple((name,) for name in RUNNING), replaced="image")
VOLUMES = Items(POD, (("volumes",),))
PODS = Items(POD, ())
TEMPLATES = Items(TEMPLATE, ())
WHOLE = Items(OBJECT, ())


def items(*keys: str) -> Items:
    """Return the items of the list at `keys` of the object."""
    return Items(OBJECT, (keys,))


@dataclass(frozen=True)
class Demand:
    """What must hold for each item, and what is said where it does not."""

    of: Items
    must: Condition
    """About the roots `ITEM`, `OBJECT` and, for workloads, `POD`, `TEMPLATE` and `REGISTRIES`."""
    says: str
    """What is wrong and what is allowed, in fixed words."""
    at: tuple[str, ...] = ()
    """The field of the item that is named."""


@dataclass(frozen=True)
class Demands:
    """The check of a rule that is made of demands. Called with a resource, it yields what they find."""

    demands: tuple[Demand, ...]

    def __call__(self, resource: Resource) -> Iterator[Finding]:
        """Judge every item of every demand."""
        roots, steps = _roots(resource)
        around = frozenset(roots) if resource.patch else _NOTHING
        for demand in self.demands:
            for item, way, whole in _found(demand.of, roots, steps):
                partial = around | {ITEM} if around and not whole else around
                yield from _judged(demand, Scope({**roots, ITEM: item}, partial), way)


def demands(*made: Demand) -> Demands:
    """Return the check that is made of them."""
    return Demands(made)


def _roots(resource: Resource) -> tuple[dict[str, Plain], dict[str, _Steps]]:
    """Return the values of the roots and where they are in the object."""
    roots: dict[str, Plain] = {OBJECT: resource.props}
    steps: dict[str, _Steps] = {OBJECT: ()}
    if _carries_pods(resource.type):
        keys = pod_spec_path(resource.kind)
        roots[POD], steps[POD] = defaulted(at(resource.props, *keys)), keys
        roots[TEMPLATE], steps[TEMPLATE] = at(resource.props, *keys[:-1]), keys[:-1]
        roots[REGISTRIES] = list(resource.settings.registries or ())
    return roots, steps


@cache
def _carries_pods(token: str) -> bool:
    return WORKLOADS.match(token) is not None


def _found(of: Items, roots: dict[str, Plain], steps: dict[str, _Steps]) -> Iterator[tuple[Plain, _Steps, bool]]:
    """Yield each item, where it is, and whether it is a new one as a whole even in a patch."""
    root, way = roots[of.root], steps[of.root]
    if not of.lists or root is UNKNOWN:
        yield root, way, False
        return
    for keys in of.lists:
        listed = at(root, *keys)
        if listed is UNKNOWN:
            yield UNKNOWN, (*way, *keys), False
        for index, item in enumerate(listed if isinstance(listed, list) else ()):
            whole = of.replaced is not None and isinstance(item, dict) and of.replaced in item
            yield item, (*way, *keys, index), whole


def _judged(demand: Demand, scope: Scope, way: _Steps) -> Iterator[Finding]:
    if scope.roots[ITEM] is UNKNOWN:
        yield NotYetKnown(join("", *way))
        return
    holds = demand.must.truth(scope)
    if holds is None and scope.partial:
        # Absent fields of a patch are no reason to wait: only what will be known is.
        holds = True if demand.must.truth(Scope(scope.roots)) is not None else None
    if holds is None:
        yield NotYetKnown(join("", *way, *demand.at))
    elif not holds:
        yield Violation(demand.says, join("", *way, *demand.at))
