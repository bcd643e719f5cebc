"""What has to stand beside a resource, looked for among all that the stack holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, NotYetKnown, Resource, Violation
from policies.truth import Truth, every, some

Judge: TypeAlias = Callable[[Resource], Truth]


class Answers:
    """Answers by name: some answer of those that were given under it. Looked up, not searched: a stack can be large.

    A name that is unknown, or absent because its provider has not answered yet, may be any of them.
    """

    def __init__(self, given: Iterable[tuple[Plain, Truth]]) -> None:
        self._named: dict[str, Truth] = {}
        self._perhaps: Truth = False
        self._nameless: Truth = False
        for name, answer in given:
            perhaps = every((None, answer))
            self._perhaps = some((self._perhaps, perhaps))
            if isinstance(name, str):
                self._named[name] = some((self._named.get(name, False), answer))
            elif name is None or name is UNKNOWN:
                self._nameless = some((self._nameless, perhaps))

    def of(self, name: Plain) -> Truth:
        """Return the answer for a name."""
        if name is None or name is UNKNOWN:
            return self._perhaps
        return some((isinstance(name, str) and self._named.get(name, False), self._nameless))


@dataclass(frozen=True)
class Companions:
    """The check of a stack rule: each resource of the kind `of` has a companion of the kind `by` that serves it."""

    of: str
    by: str
    name: Callable[[Resource], Plain]
    """What a resource is called by its companions."""
    refers: Callable[[Resource], Plain]
    """What a companion calls the resource that it is for; an empty text for none."""
    serves: Judge
    """Whether a companion does what is wanted."""
    says: str
    """What is wrong without one, and what is allowed."""
    by_itself: Callable[[Sequence[Resource]], Judge] | None = None
    """From all resources to whether one of the kind `of` needs none."""

    def __call__(self, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Judge each resource of the kind."""
        served = Answers((self.refers(one), self.serves(one)) for one in resources if one.kind == self.by)
        alone = self.by_itself(resources) if self.by_itself else None
        for resource in resources:
            if resource.kind == self.of:
                covered = some((served.of(self.name(resource)), alone is not None and alone(resource)))
                yield from _told(resource, covered, self.says)


def _told(resource: Resource, covered: Truth, says: str) -> Iterable[Finding]:
    if covered is None:
        yield NotYetKnown("", resource)
    elif not covered:
        yield Violation(says, "", resource)


def value(*keys: str) -> Callable[[Resource], Plain]:
    """Return the function from a resource to one of its properties."""
    return lambda resource: at(resource.props, *keys)


def identity(resource: Resource) -> Plain:
    """Return the id that other resources of AWS refer to: what the engine calls so, or the end of the ARN."""
    own, arn = at(resource.props, "id"), at(resource.props, "arn")
    if own is not None:
        return own
    return arn.rpartition("/")[2] if isinstance(arn, str) else arn
