"""What the files hold: resources with the place where each was found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from environments.explaining import nearest
from environments.yamltree import Fault, Node, Unreadable
from policies.rule import Resource

LONGEST_NAME = 253
"""Characters of a name in a report, the most that Kubernetes allows."""

LONGEST_PATH = 1000
"""Characters of a path inside a resource: it has the keys of the document in it."""

_STEP = re.compile(r'\["(?P<odd>.*?)"\](?=[.\[]|\Z)|\[(?P<index>[0-9]+)\]|\.?(?P<key>[^.\[]+)')


@dataclass(frozen=True, slots=True)
class Found:
    """A resource in a file. Its `urn` is unique among all that are found, also where the file knows no URN."""

    resource: Resource
    """What resource rules see: a manifest, or the inputs of a Pulumi resource."""
    stacked: Resource
    """What stack rules see: a manifest, or the outputs of a Pulumi resource."""
    props: Node
    """Where the properties are in the file."""
    line: int
    kind: str
    """Without group and version: `Deployment`."""
    namespace: str
    """Empty where the file names none."""
    identity: str
    """The URN, or what names a manifest's object wherever its file lies."""
    own: bool = True
    """False for what a stack only reads, which no resource rule is asked about."""

    def line_of(self, path: str) -> int:
        """Return the line of a property, or of the closest one above it that is there."""
        return nearest(self.props, _steps(path))[0].line if path else self.line


def _steps(path: str) -> Sequence[str | int]:
    """Return the steps of a path that `policies.plain.join` wrote."""
    return [
        int(step["index"]) if step["index"] is not None else step["odd"] or step["key"] or ""
        for step in _STEP.finditer(path)
    ]


def printable(text: str) -> str:
    """Return a text as it may be printed anywhere: on one line, without control characters."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def words(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a name as it may be printed anywhere, and no longer than a name is."""
    shown = printable(text[:longest])
    return shown if len(text) <= longest else f"{shown}..."


def text_at(node: Node, *keys: str) -> str:
    """Return the text at nested keys, or an empty one where there is none."""
    for key in keys:
        below = node.keys.get(key) if node.keys is not None else None
        if below is None:
            return ""
        node = below
    return node.value if isinstance(node.value, str) else ""


def refused(node: Node, message: str, *place: str | int) -> Unreadable:
    """Return what to raise where a file holds something else than it should."""
    return Unreadable([Fault(node.line, message, place)])
