"""What a rule is, what it sees and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from policies.kinds import Matcher
from policies.plain import Plain
from policies.settings import NOTHING, Settings


class Severity(Enum):
    """How much harm a violation can do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Profile(Enum):
    """The level of the Pod Security Standards that a rule belongs to; each level has the rules of those before it."""

    BASELINE = "baseline"
    RESTRICTED = "restricted"


@dataclass(frozen=True)
class Provider:
    """The provider that manages a resource, without its properties: they hold credentials."""

    type: str
    """`pulumi:providers:kubernetes`"""
    name: str


@dataclass(frozen=True)
class Resource:
    """One resource, or one item of a List resource, as plain data.

    Resource rules see the inputs of a resource, stack rules its outputs (in a preview: as far as they are known).
    """

    type: str
    """Pulumi's token, such as `kubernetes:apps/v1:Deployment`."""
    name: str
    """The logical name in the program."""
    props: dict[str, Plain]
    urn: str = ""
    provider: Provider | None = None
    """None for components and for providers themselves."""
    kind: str = ""
    """The kind that the rule's matcher found."""
    patch: bool = False
    """Whether only the fields that are there are set; a rule cannot conclude anything from an absent one."""
    path: str = ""
    """Where `props` begin in the resource: `items[2]` in a List, else empty."""
    settings: Settings = NOTHING
    """Those of the environment that the resource belongs to."""
    protect: bool | None = None
    """Whether the engine refuses to delete it; None where nobody says, as in a manifest."""


@dataclass(frozen=True)
class Violation:
    """A finding that refuses the resource.

    `message` says what is wrong and what is allowed in fixed words and never repeats a property's value: at this point
    nobody knows any more which of them are secret.
    """

    message: str
    path: str
    resource: Resource | None = None
    """Stack rules name the resource that is at fault."""


@dataclass(frozen=True)
class NotYetKnown:
    """A value that the rule needs is unknown during the preview; the rule runs again in the update."""

    path: str
    resource: Resource | None = None


Finding: TypeAlias = Violation | NotYetKnown


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleBase:
    """What every rule tells about itself."""

    id: str
    """The name of the rule's file."""
    title: str
    severity: Severity
    why: str
    """What goes wrong without the rule."""
    remedy: str
    """What to do about a violation."""
    standards: tuple[str, ...] = ()
    """Ids in published standards, with the standard's version; empty where none says it."""
    types: Matcher
    profile: Profile | None = None
    """None for what the Pod Security Standards say nothing about."""
    setting: str | None = None
    """The field of `Settings` without which the rule is silent."""

    def is_silent(self, settings: Settings) -> bool:
        """Tell whether the rule lacks what it needs to know."""
        return self.setting is not None and getattr(settings, self.setting) is None


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule(RuleBase):
    """A rule about one resource by itself: `check` is a pure function of it."""

    check: Callable[[Resource], Iterable[Finding]] = field(repr=False)
    passing: tuple[Resource, ...] = field(repr=False)
    failing: tuple[Resource, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class StackRule(RuleBase):
    """A rule about what a stack holds together, such as something that must be there.

    `check` is given the resources that `types` matches, Lists already taken apart.
    """

    check: Callable[[Sequence[Resource]], Iterable[Finding]] = field(repr=False)
    passing: tuple[tuple[Resource, ...], ...] = field(repr=False)
    failing: tuple[tuple[Resource, ...], ...] = field(repr=False)
