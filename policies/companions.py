"""What has to stand beside a resource, looked for among all that the stack holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, NotYetKnown, Resource, Violation
from policies.truth import Truth, every, some


@dataclass(frozen=True)
class Companions:
    """The check of a stack rule: each resource of the kind `of` has a companion of the kind `by` that serves it."""

    of: str
    by: str
    refers: Callable[[Resource, Resource], Truth]
    """Whether a companion is for a resource."""
    serves: Callable[[Resource], Truth]
    """Whether it does what is wanted."""
    says: str
    """What is wrong without one, and what is allowed."""
    by_itself: Callable[[Resource, Sequence[Resource]], Truth] | None = None
    """Whether a resource among all of them needs none."""

    def __call__(self, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Judge each resource of the kind."""
        companions = [one for one in resources if one.kind == self.by]
        for resource in resources:
            if resource.kind == self.of:
                served = (every((self.refers(one, resource), self.serves(one))) for one in companions)
                alone = self.by_itself is not None and self.by_itself(resource, resources)
                yield from _told(resource, some((alone, *served)), self.says)


def _told(resource: Resource, covered: Truth, says: str) -> Iterable[Finding]:
    if covered is None:
        yield NotYetKnown("", resource)
    elif not covered:
        yield Violation(says, "", resource)


def same(left: Plain, right: Plain) -> Truth:
    """Tell whether two names are the same; an absent one belongs to a provider that has not answered yet."""
    return None if left in (None, UNKNOWN) or right in (None, UNKNOWN) else left == right


def identity(resource: Resource) -> Plain:
    """Return the id that other resources of AWS refer to: what the engine calls so, or the end of the ARN."""
    own, arn = at(resource.props, "id"), at(resource.props, "arn")
    if own is not None:
        return own
    return arn.rpartition("/")[2] if isinstance(arn, str) else arn
