"""The parts of Pulumi's URNs: `urn:pulumi:STACK::PROJECT::PARENTS$TYPE::NAME`."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "urn:pulumi:"
STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Urn:
    """A URN taken apart."""

    stack: str
    project: str
    chain: str
    """The types of all parents and, last, the type itself, joined by `$`."""
    name: str
    """May hold anything, `::` too."""

    @property
    def layer(self) -> str:
        """The layer's name in `ENV.LAYER`; empty where the stack is named otherwise."""
        return self.stack.partition(".")[2]


def parsed(text: str) -> Urn | None:
    """Return the parts of a URN, None where it is none."""
    parts = text.removeprefix(PREFIX).split("::", 3)
    return Urn(*parts) if text.startswith(PREFIX) and len(parts) == 4 else None


def of_stack(stack: str, project: str) -> str:
    """Return the URN that a stack as a whole has."""
    return f"{PREFIX}{stack}::{project}::{STACK_TYPE}::{project}-{stack}"


def root(text: str) -> str:
    """Return the URN of the stack that the resource of a URN is in; empty where it is no URN."""
    urn = parsed(text)
    return of_stack(urn.stack, urn.project) if urn else ""
