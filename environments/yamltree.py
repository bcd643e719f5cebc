"""YAML text to a tree that knows its lines, of the plain subset that people can read safely.

The tree is built from the parser's events with a stack of its own, so that nothing is ever expanded (there are no
aliases), no depth can exhaust Python's stack, and reading ends at the first excess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

LARGEST = 2**20
"""Bytes of an environment file: some fifty times what a hundred workspaces take."""

DEEPEST = 32
"""Levels of nesting: the model needs seven."""

PARSER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where PyYAML has it: about ten times as fast as the one in Python."""

_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML refuses (1.1, section 4.1.1), and those that it takes for line ends while editors do not."""

_DECIMAL = re.compile("[-+]?(0|[1-9][0-9]{0,17})")
"""A whole number that everybody reads the same way: not 012, 0x1F, 1_000 or 1:30."""

_RESOLVER = yaml.resolver.Resolver()


@dataclass(frozen=True, slots=True)
class Unclear:
    """A scalar that YAML 1.1 takes for something other than text: `no`, `012`, `1:30`, `1.30`, `2026-11-23`."""

    text: str


@dataclass(slots=True)
class Node:
    """A place in the document."""

    line: int
    """Counted from 1: the line of the key, of the entry's first character, or of the document's."""
    value: object = None
    """Of a scalar: str, int, bool, None or Unclear."""
    text: str | None = None
    """Of a scalar: as written, without quotes."""
    keys: dict[str, Node] | None = None
    """Of a mapping: its keys in order."""
    entries: list[Node] | None = None
    """Of a list: its entries in order."""

    def data(self) -> object:
        """Return what the node and all below it hold, as dict, list and scalars."""
        if self.keys is not None:
            return {key: node.data() for key, node in self.keys.items()}
        if self.entries is not None:
            return [node.data() for node in self.entries]
        return self.value


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the text that is refused."""

    line: int
    message: str
    place: tuple[str | int, ...] = ()


class Unreadable(Exception):  # noqa: N818 - named for what it says
    """The text is no YAML, or not of the subset: nothing can be said about its content."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.message for fault in faults))


@dataclass(slots=True)
class Tree:
    """A whole document."""

    root: Node
    repeated: list[Fault]
    """Keys that their mapping has already; the first one counts."""


def read(raw: bytes, parser: type = PARSER) -> Tree:
    """Return the one document of a YAML file.

    Raises Unreadable where it has none or several, is too large or too deep, is not plain UTF-8, or uses anchors,
    aliases, tags, merge keys, directives or keys that are not plain words.
    """
    builder = Builder()
    try:
        for event in events(decoded(raw), parser):
            builder.take(event)
    except Unreadable as error:
        raise Unreadable([*builder.faults, *error.faults]) from None
    if builder.faults:
        raise Unreadable(builder.faults)
    if builder.root is None:
        raise Unreadable([Fault(1, "the file is empty: an environment is a mapping of keys and values")])
    return Tree(builder.root, builder.repeated)


def events(text: str, parser: type = PARSER) -> Iterator[yaml.Event]:
    """Yield the parser's events one by one; raises Unreadable where the text is no YAML."""
    try:
        yield from yaml.parse(text, Loader=parser)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Unreadable([Fault(line, f"not YAML: {_one_line(error.problem or error.context)}")]) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML's own parser lets chr() fail on escapes such as "\UFFFFFFFF".
        raise Unreadable([Fault(1, "not YAML: a character that does not exist")]) from None


def decoded(raw: bytes, largest: int = LARGEST) -> str:
    """Return the bytes of a file as text; raises Unreadable for more than `largest` or what is not plain UTF-8."""
    if len(raw) > largest:
        raise Unreadable([Fault(1, f"the file is too large: at most {largest // 2**20} MiB")])
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable([Fault(1, "the file begins with a byte order mark: save it as UTF-8 without one")])
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable([Fault(line, f"byte 0x{raw[error.start]:02x} is not UTF-8: save the file as UTF-8")]) from None
    if found := _UNREADABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise Unreadable([Fault(line, f"character U+{ord(found[0]):04X} is not allowed in a text file")])
    return text


def _one_line(text: str | None) -> str:
    return " ".join((text or "it cannot be read").split())


@dataclass(slots=True)
class Open:
    """A mapping or list that has begun and not ended."""

    node: Node
    place: tuple[str | int, ...]
    key: str | None = None
    """Of a mapping: the key whose value comes next."""
    key_line: int = 0
    skipping: bool = False
    """Whether that value is dropped: its key is refused or there already."""


@dataclass(slots=True)
class Builder:
    """Builds a tree from events; readers of a larger subset override what is refused here."""

    root: Node | None = None
    faults: list[Fault] = field(default_factory=list)
    repeated: list[Fault] = field(default_factory=list)
    stack: list[Open] = field(default_factory=list)
    documents: int = 0
    deepest: int = DEEPEST

    def take(self, event: yaml.Event) -> None:
        """Add one event of the parser to the tree."""
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self.begin(event, line)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self.close()
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event, line)
        elif isinstance(event, yaml.ScalarEvent):
            self.mark(event, line)
            self._scalar(event, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.mark(event, line)
            self.open(Node(line, keys={}) if isinstance(event, yaml.MappingStartEvent) else Node(line, entries=[]))

    def begin(self, event: yaml.DocumentStartEvent, line: int) -> None:
        """Begin a document."""
        self.documents += 1
        if event.version or event.tags:
            self.refuse(line, "directives (%) are not allowed")
        if self.documents > 1:
            self.stop(line, "a second document (---) is not allowed: one environment, one file")

    def mark(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        """Look at the anchor and tag of the scalar or collection that begins."""
        if event.anchor is not None:
            self.refuse(line, "anchors (&) are not allowed: write the value out where it is needed")
        if event.tag is not None:
            self.refuse(line, "tags (!) are not allowed: put text that needs it into quotes")

    def alias(self, _event: yaml.AliasEvent, line: int) -> None:
        """Put what an alias stands for where the alias is."""
        self.refuse(line, "aliases (*) are not allowed: write the value out")
        self.put(Node(line))

    def open(self, node: Node) -> None:
        """Begin a mapping or list."""
        if len(self.stack) == self.deepest:
            self.stop(node.line, f"nested too deeply: at most {self.deepest} levels")
        self.stack.append(Open(node, self.put(node)))

    def close(self) -> None:
        """End the mapping or list that began last."""
        self.stack.pop()

    def merge(self, top: Open) -> None:
        """Meet a merge key in a mapping; its value comes next."""
        self.refuse(top.key_line, "merge keys (<<) are not allowed: write the keys out")
        top.skipping = True

    def scalar(self, event: yaml.ScalarEvent) -> object:
        """Return the value of a scalar that is no key."""
        return scalar(event)

    def wants_key(self) -> bool:
        """Tell whether the next scalar is the key of a mapping."""
        return bool(self.stack) and self.stack[-1].node.keys is not None and self.stack[-1].key is None

    def key(self, key: str, line: int) -> None:
        """Add a key to the mapping that began last."""
        top = self.stack[-1]
        top.key, top.key_line, top.skipping = key, line, False
        if top.node.keys is not None and (first := top.node.keys.get(key)) is not None:
            top.skipping = True
            message = f"is there already, on line {first.line}: each key once only"
            self.repeated.append(Fault(line, message, (*top.place, key)))

    def put(self, node: Node) -> tuple[str | int, ...]:
        """Put a finished scalar or a beginning collection where it belongs and return its place."""
        if not self.stack:
            self.root = node
            return ()
        top = self.stack[-1]
        if top.node.entries is not None:
            top.node.entries.append(node)
            return (*top.place, len(top.node.entries) - 1)
        if top.key is None:
            self.stop(node.line, "a key must be a plain word")
        key, top.key = top.key or "", None
        node.line = top.key_line
        if top.node.keys is not None and not top.skipping:
            top.node.keys[key] = node
        return (*top.place, key)

    def refuse(self, line: int, message: str) -> None:
        """Note what is wrong and go on."""
        self.faults.append(Fault(line, message))

    def stop(self, line: int, message: str) -> None:
        """Say what is wrong and read no further: raises Unreadable."""
        raise Unreadable([Fault(line, message)])

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        if not self.wants_key():
            self.put(Node(line, self.scalar(event), event.value))
        elif event.implicit[0] and event.value == "<<":
            top = self.stack[-1]
            top.key, top.key_line, top.skipping = event.value, line, False
            self.merge(top)
        else:
            self.key(event.value, line)


def scalar(event: yaml.ScalarEvent) -> object:
    """Return the value of a scalar: text, or what everybody reads the same way, or Unclear."""
    if not event.implicit[0]:
        return event.value
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, event.value, (True, False))  # type: ignore[no-untyped-call]
    kind = tag.rpartition(":")[2]
    if kind == "str":
        return event.value
    if kind == "null":
        return None
    if event.value in ("true", "false"):
        return event.value == "true"
    if kind == "int" and _DECIMAL.fullmatch(event.value):
        return int(event.value)
    return Unclear(event.value)
