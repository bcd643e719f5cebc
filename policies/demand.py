"""What a rule demands of an object, item by item: judged here, and by the API server from the same words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
        roots, paths = _roots(resource)
        for demand in self.demands:
            for item, path, whole in _found(demand.of, roots, paths):
                partial = {*roots, ITEM} - ({ITEM} if whole else set()) if resource.patch else set()
                yield from _judged(demand, Scope({**roots, ITEM: item}, frozenset(partial)), path)


def demands(*made: Demand) -> Demands:
    """Return the check that is made of them."""
    return Demands(made)


def _roots(resource: Resource) -> tuple[dict[str, Plain], dict[str, str]]:
    roots: dict[str, Plain] = {OBJECT: resource.props}
    paths = {OBJECT: ""}
    if WORKLOADS.match(resource.type):
        keys = pod_spec_path(resource.kind)
        roots[POD], paths[POD] = defaulted(at(resource.props, *keys)), join("", *keys)
        roots[TEMPLATE], paths[TEMPLATE] = at(resource.props, *keys[:-1]), join("", *keys[:-1])
        roots[REGISTRIES] = list(resource.settings.registries or ())
    return roots, paths


def _found(of: Items, roots: dict[str, Plain], paths: dict[str, str]) -> Iterator[tuple[Plain, str, bool]]:
    """Yield each item, its path, and whether it is a new one as a whole even in a patch."""
    root, path = roots[of.root], paths[of.root]
    if not of.lists:
        yield root, path, False
    for keys in of.lists:
        listed, where = at(root, *keys), join(path, *keys)
        if listed is UNKNOWN:
            yield UNKNOWN, where, False
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            yield item, join(where, index), of.replaced is not None and isinstance(item, dict) and of.replaced in item


def _judged(demand: Demand, scope: Scope, path: str) -> Iterator[Finding]:
    where = join(path, *demand.at)
    if scope.roots[ITEM] is UNKNOWN:
        yield NotYetKnown(path)
        return
    holds = demand.must.truth(scope)
    if holds is None and scope.partial:
        # Absent fields of a patch are no reason to wait: only what will be known is.
        holds = True if demand.must.truth(Scope(scope.roots)) is not None else None
    if holds is None:
        yield NotYetKnown(where)
    elif not holds:
        yield Violation(demand.says, where)
