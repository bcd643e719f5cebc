"""From the bytes of a file to its documents, YAML or JSON, one after the other and within bounds.

Built on the reader of the environment files: a tree with lines, made from events, which nothing can expand or nest
beyond a limit. Manifests need more of YAML than those files: several documents, anchors, aliases, merge keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from environments.yamltree import PARSER, Builder, Fault, Node, Open, Unreadable, decoded, events
from idp.check.jsontext import NotJson, scan
from idp.check.scalars import plain

LARGEST = 32 * 2**20
"""Bytes of a file. The API server takes 3 MiB in one request; exported states of large stacks reach 10."""

DEEPEST = 128
"""Levels of nesting: the schemas in CustomResourceDefinitions, the deepest that people write, reach some forty."""

MOST_VALUES = 1_000_000
"""Mappings, lists and scalars of one document, those behind aliases counted wherever they are used."""

MOST_VALUES_OF_A_FILE = 2_000_000
"""The same of all documents of a file: reading takes some five microseconds for each."""

MOST_DOCUMENTS = 100_000
"""Documents of one file, empty ones too."""

_TAGS = {"!", *(f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq"))}
_JSON = re.compile(r"\s*[{\[]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file."""

    root: Node
    faults: tuple[Fault, ...] = ()
    """What no manifest may have, but other files of a folder have with good reason: tags of programs of their own."""


def documents(raw: bytes) -> Iterator[Document]:
    """Yield the documents of a file.

    Raises Unreadable, when it comes to it, for what is neither YAML nor JSON, not plain UTF-8, or beyond a limit.
    """
    text = decoded(raw.removeprefix(_BYTE_ORDER_MARK), LARGEST)
    if _JSON.match(text) is None:
        yield from _yaml(text)
        return
    begun = False
    try:
        for root in from_json(text):
            begun = True
            yield Document(root)
    except NotJson as error:
        if begun:
            raise Unreadable([Fault(error.line, "not JSON")]) from None
        # `{a: 1}` is YAML all the same.
        yield from _yaml(text)


def from_json(text: str) -> Iterator[Node]:
    """Yield the values of a JSON text, of which files have one or several; raises NotJson or Unreadable."""
    builder = _Builder()
    for _ in scan(text, builder):
        root = builder.root
        builder.restart(root.line if root is not None else 1)
        if root is not None:
            yield root


def _yaml(text: str) -> Iterator[Document]:
    builder = _Builder()
    for event in events(text, PARSER):
        builder.take(event)
        if isinstance(event, yaml.DocumentEndEvent) and builder.root is not None:
            yield Document(builder.root, tuple(builder.faults))


@dataclass(slots=True)
class _Span:
    """What is known of a mapping or list that has not ended."""

    anchor: str | None
    begun: int
    """Values of the document before it."""
    height: int = 0
    """Levels below it so far."""
    merging: bool = False


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    values: int
    """With all below it, aliases expanded."""
    height: int


class _Builder(Builder):
    """Builds one document after the other.

    An alias costs nothing but is counted at its full size, in values and in levels, so that what it stands for can be
    walked through later without a thought.
    """

    def __init__(self) -> None:
        super().__init__(deepest=DEEPEST)
        self._earlier = self._values = 0
        self.restart(1)

    def restart(self, line: int) -> None:
        """Forget the document that has ended."""
        self.documents += 1
        if self.documents > MOST_DOCUMENTS + 1:
            self.stop(line, f"too many documents in one file: at most {MOST_DOCUMENTS:,}")
        self._earlier += self._values
        self.root = None
        self.faults = []
        self._values = 0
        self._spans: list[_Span] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._anchor: str | None = None

    def begin(self, _event: yaml.DocumentStartEvent, line: int) -> None:
        self.restart(line)

    def mark(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        self._anchor = event.anchor
        if event.tag is not None and event.tag not in _TAGS:
            self.refuse(line, "a tag (!) is not allowed; allowed are !!str, !!map and !!seq")

    def alias(self, event: yaml.AliasEvent, line: int) -> None:
        name = event.anchor or ""
        if name not in self._anchors:
            self.stop(line, "an alias (*) without its anchor (&) is not allowed")
        found = self._anchors[name]
        if found is None:
            self.stop(line, "an alias (*) inside of what it stands for is not allowed")
            return
        if len(self.stack) + found.height > self.deepest:
            self.stop(line, f"nested too deeply: at most {self.deepest} levels")
        self._count(found.values - 1, line)
        self._grow(found.height)
        self.put(Node(line, found.node.value, found.node.text, found.node.keys, found.node.entries))

    def merge(self, top: Open) -> None:
        if self._spans[-1].merging:
            self.stop(top.key_line, "a second merge key (<<) is not allowed: give it a list")
        self._spans[-1].merging = True

    def key(self, key: str, line: int) -> None:
        super().key(key, line)
        if self.repeated:
            raise Unreadable(self.repeated)

    def put(self, node: Node) -> tuple[str | int, ...]:
        self._count(1, node.line)
        if self._anchor is not None:
            self._anchors[self._anchor] = _Anchored(node, 1, 0)
            self._anchor = None
        return super().put(node)

    def open(self, node: Node) -> None:
        span = _Span(self._anchor, self._values)
        self._anchor = None
        if span.anchor is not None:
            self._anchors[span.anchor] = None
        super().open(node)
        self._spans.append(span)

    def close(self) -> None:
        node, span = self.stack[-1].node, self._spans.pop()
        if span.merging:
            self._merged(node)
        super().close()
        self._grow(span.height + 1)
        if span.anchor is not None:
            self._anchors[span.anchor] = _Anchored(node, self._values - span.begun, span.height + 1)

    def scalar(self, event: yaml.ScalarEvent) -> object:
        return plain(event.value) if event.implicit[0] else event.value

    def _count(self, values: int, line: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            self.stop(line, f"too many values in one document, aliases expanded: at most {MOST_VALUES:,}")
        if self._earlier + self._values > MOST_VALUES_OF_A_FILE:
            self.stop(line, f"too many values in one file, aliases expanded: at most {MOST_VALUES_OF_A_FILE:,}")

    def _grow(self, height: int) -> None:
        if self._spans:
            self._spans[-1].height = max(self._spans[-1].height, height)

    def _merged(self, node: Node) -> None:
        """Put the keys of what `<<` names under those that the mapping has itself."""
        keys = node.keys if node.keys is not None else {}
        value = keys.pop("<<")
        for source in [value] if value.entries is None else value.entries:
            if source.keys is None:
                self.stop(value.line, "a merge key (<<) takes a mapping or a list of mappings")
                return
            for key, inner in source.keys.items():
                keys.setdefault(key, inner)
