"""The resources that an exemption names: always of one layer, and never all of it.

- `urn:pulumi:ENV.LAYER::PROJECT::TYPE::NAME`: a URN. `*` in the name stands for any characters, none too; `*` before
  the type stands for any parents, none too; nowhere else is it more than a character.
- `namespace:LAYER/NAME`: objects in these namespaces, and the namespaces themselves. `*` stands for any characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from policies.plain import Plain, at
from policies.rule import Resource
from policies.urn import PREFIX, parsed

LAYERS = ("foundation", "platform", "secrets", "workspaces")
NAMESPACED = ("platform", "secrets", "workspaces")
"""The layers that make objects in namespaces."""

_ENVIRONMENT = "[a-z]([a-z0-9-]*[a-z0-9])?"
_TOKEN = "[A-Za-z0-9][A-Za-z0-9_.-]*:[A-Za-z0-9_./-]*:[A-Za-z0-9_.]+"  # noqa: S105 - a type token of Pulumi
_PATTERN = re.compile(
    rf"urn:pulumi:(?P<environment>{_ENVIRONMENT})\.(?P<layer>{'|'.join(LAYERS)})::(?P<project>[A-Za-z0-9_.-]+)"
    rf"::(?P<any>\*)?(?P<chain>({_TOKEN}\$)*{_TOKEN})::(?P<name>[^\x00-\x1f\x7f]+)"
    rf"|namespace:(?P<within>{'|'.join(NAMESPACED)})/(?P<namespace>(?=.*[a-z0-9])[a-z0-9*-]+)"
)
_LONGEST = 600

ALLOWED = (
    "a URN with its layer and type in full, such as"
    " urn:pulumi:dev.workspaces::idp::*kubernetes:apps/v1:Deployment::shop-*, or namespace:LAYER/NAME such as"
    " namespace:workspaces/shop-*, never * alone"
)
"""The words of the environment's model."""


@dataclass(frozen=True)
class Pattern:
    """Resources of one layer."""

    text: str
    environment: str | None
    """None where the pattern leaves it to the file that it stands in."""
    layer: str
    _expression: re.Pattern[str] = field(repr=False)
    """Of a namespace, or of a whole URN."""

    def matches(self, urn: str, resource: Resource | None) -> bool:
        """Tell whether a resource is meant; None stands for the stack as a whole, which has a URN, too."""
        return self.matches_in(urn, namespace(resource) if resource else None)

    def matches_in(self, urn: str, inside: Plain) -> bool:
        """Tell whether a resource in the namespace `inside` is meant."""
        if self.environment is not None:
            return self._expression.fullmatch(urn) is not None
        found = parsed(urn)
        return found is not None and found.layer == self.layer and self.is_of_namespace(inside)

    def is_of_namespace(self, name: Plain) -> bool:
        """Tell whether a namespace is meant, in whatever layer."""
        return self.environment is None and isinstance(name, str) and self._expression.fullmatch(name) is not None


def pattern(text: object) -> Pattern | None:
    """Return the pattern that a text is, None where it is none."""
    found = _PATTERN.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST else None
    if found is None:
        return None
    if found["within"]:
        return Pattern(found[0], None, found["within"], _globbed(found["namespace"]))
    parents = r"(?:[^:]+:[^:]*:[^:$]+\$)*" if found["any"] else ""
    place = f"{PREFIX}{found['environment']}.{found['layer']}::{found['project']}::"
    expression = f"{re.escape(place)}{parents}{re.escape(found['chain'])}::{_globbed(found['name']).pattern}"
    return Pattern(found[0], found["environment"], found["layer"], re.compile(expression, re.DOTALL))


_NAMESPACES = frozenset({"kubernetes:core/v1:Namespace", "kubernetes:core/v1:NamespacePatch"})


def namespace(resource: Resource) -> Plain:
    """Return the namespace that an object is in, or that it is; None or `UNKNOWN` where nobody can tell.

    An absent namespace is the provider's default, which a rule does not see.
    """
    itself = resource.kind == "Namespace" or resource.type in _NAMESPACES
    return at(resource.props, "metadata", "name" if itself else "namespace")


def _globbed(text: str) -> re.Pattern[str]:
    first, *parts = map(re.escape, text.split("*"))
    if not parts:
        return re.compile(first)
    # Each part where it comes first, for good: many `*` would otherwise be tried against each other in every way.
    middle = "".join(f"(?>.*?{part})" for part in parts[:-1])
    return re.compile(f"{first}{middle}.*{parts[-1]}", re.DOTALL)
