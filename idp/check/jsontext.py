"""JSON text to the tree's builder, one token after the other: no depth can exhaust Python's stack, lines are known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum, auto

from environments.yamltree import Builder, Node

_TOKEN = re.compile(r"[ \t\r\n]*(?:(?P<mark>[{}\[\]:,])|(?P<scalar>[\"tfn0-9-])|(?P<end>\Z))")

_LONGEST = 20
"""Characters of a whole number of 64 bits; Python needs quadratic time for very long ones."""


class NotJson(Exception):  # noqa: N818 - named for what it says
    """The text is no JSON."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"not JSON from line {line} on")


class _Next(Enum):
    """What may come next."""

    VALUE = auto()
    FIRST = auto()
    """A value or the end of the list."""
    KEY = auto()
    FIRST_KEY = auto()
    """A key or the end of the mapping."""
    COLON = auto()
    MORE = auto()
    """A comma or the end of the list or mapping."""


def _whole(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST else float(text)


def _no_constant(text: str) -> object:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_int=_whole, parse_constant=_no_constant)


def scan(text: str, builder: Builder) -> Iterator[None]:
    """Give a text's tokens to `builder` and yield after each value that stands by itself; raises NotJson."""
    position, line, expected = 0, 1, _Next.VALUE
    while True:
        token = _TOKEN.match(text, position)
        if token is None:
            raise NotJson(line)
        # No token spans lines: text with a line end in quotes is no JSON.
        start = token.start(token.lastgroup or 0)
        line += text.count("\n", position, start)
        if token.lastgroup == "end":
            if builder.stack or expected is not _Next.VALUE:
                raise NotJson(line)
            return
        if token.lastgroup == "scalar":
            value, position = _scalar(text, start, line)
            expected = _take(value, expected, builder, line)
        else:
            position = token.end()
            expected = _mark(token["mark"], expected, builder, line)
        if expected is _Next.MORE and not builder.stack:
            expected = _Next.VALUE
            yield


def _scalar(text: str, start: int, line: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except ValueError:
        raise NotJson(line) from None


def _take(value: object, expected: _Next, builder: Builder, line: int) -> _Next:
    if expected in (_Next.VALUE, _Next.FIRST):
        builder.put(Node(line, value, str(value)))
        return _Next.MORE
    if expected in (_Next.KEY, _Next.FIRST_KEY) and isinstance(value, str):
        builder.key(value, line)
        return _Next.COLON
    raise NotJson(line)


def _mark(mark: str, expected: _Next, builder: Builder, line: int) -> _Next:
    if mark in "{[" and expected in (_Next.VALUE, _Next.FIRST):
        builder.open(Node(line, keys={}) if mark == "{" else Node(line, entries=[]))
        return _Next.FIRST_KEY if mark == "{" else _Next.FIRST
    if mark == ":" and expected is _Next.COLON:
        return _Next.VALUE
    if expected is _Next.MORE and mark == ",":
        return _Next.KEY if builder.wants_key() else _Next.VALUE
    if _ends(mark, expected, builder):
        builder.close()
        return _Next.MORE
    raise NotJson(line)


def _ends(mark: str, expected: _Next, builder: Builder) -> bool:
    if mark == "}":
        return expected is _Next.FIRST_KEY or (expected is _Next.MORE and builder.wants_key())
    return mark == "]" and (expected is _Next.FIRST or (expected is _Next.MORE and not builder.wants_key()))
