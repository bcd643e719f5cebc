"""Runs rules over resources; whatever a rule does, the others still run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from policies.catalogue import Catalogue
from policies.kinds import Match, Variant
from policies.plain import UNKNOWN, join
from policies.rule import Finding, NotYetKnown, Resource, Rule, StackRule


@dataclass(frozen=True)
class Failure:
    """A rule that raised. Only the type of the exception is kept: its text may quote a secret."""

    exception: str


@dataclass(frozen=True)
class Outcome:
    """What a rule said about a resource, or None for the stack as a whole."""

    rule: Rule | StackRule
    finding: Finding | Failure
    resource: Resource | None


def evaluate_resource(catalogue: Catalogue, resource: Resource) -> Iterator[Outcome]:
    """Yield what the resource rules of its type find; nothing at all for a type without rules."""
    # Most rules of a type share a match, and so what they see.
    seen: dict[Match, list[Resource | NotYetKnown]] = {}
    for rule, match in catalogue.for_type(resource.type):
        if match not in seen:
            seen[match] = list(_views(resource, match))
        for view in seen[match]:
            if isinstance(view, NotYetKnown):
                yield Outcome(rule, view, resource)
            else:
                yield from _guarded(rule, partial(rule.check, view), view)


def evaluate_stack(catalogue: Catalogue, resources: Sequence[Resource]) -> Iterator[Outcome]:
    """Yield what the stack rules find among all resources of a stack."""
    for rule in catalogue.stack_rules:
        seen: list[Resource] = []
        for resource in resources:
            match = rule.types.match(resource.type)
            for view in _views(resource, match) if match else ():
                if isinstance(view, NotYetKnown):
                    yield Outcome(rule, view, resource)
                else:
                    seen.append(view)
        yield from _guarded(rule, partial(rule.check, seen), None)


def _views(resource: Resource, match: Match) -> Iterator[Resource | NotYetKnown]:
    if match.variant is not Variant.LIST:
        yield replace(resource, kind=match.kind, patch=match.variant is Variant.PATCH)
        return
    items = resource.props.get("items")
    if items is UNKNOWN:
        yield NotYetKnown("items")
    for index, item in enumerate(items if isinstance(items, list) else []):
        path = join("items", index)
        if item is UNKNOWN:
            yield NotYetKnown(path)
        elif isinstance(item, dict):
            yield replace(resource, kind=match.kind, props=item, path=path)


def _guarded(
    rule: Rule | StackRule, check: Callable[[], Iterable[Finding]], view: Resource | None
) -> Iterator[Outcome]:
    try:
        for finding in check():
            yield Outcome(rule, finding, finding.resource or view)
    except Exception as error:
        yield Outcome(rule, Failure(type(error).__name__), view)
