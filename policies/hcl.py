"""Reads as much of HCL, HashiCorp's language for configuration, as policies of Vault are written in.

JSON is a way to write it, as for Vault itself. What is not understood is an error, never left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from policies.iam import listed
from policies.plain import Plain


def read(text: str) -> Plain:
    """Return a document as data: texts and words as text, blocks and keys of the same name as a list.

    Raises ValueError for what is neither JSON nor made of blocks, assignments, texts, words, lists and mappings.
    """
    try:
        if not text.lstrip().startswith("{"):
            return _Reader(text).document()
        found: Plain = json.loads(text, object_pairs_hook=_merged)
    except RecursionError:
        raise ValueError("too deep") from None
    return found


def _merged(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    """Return a mapping of JSON; Vault reads a key that is there twice as two."""
    found: dict[str, Plain] = {}
    for key, value in pairs:
        _add(found, key, value)
    return found


def _add(found: dict[str, Plain], key: str, value: Plain) -> None:
    found[key] = value if key not in found else [*listed(found[key]), *listed(value)]


_PIECE = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*|//[^\n]*|/\*.*?\*/)
    |(?P<text>"(?:[^"\\\n]|\\.)*")
    |(?P<word>[A-Za-z_][\w-]*|-?\d+(?:\.\d+)?)
    |(?P<mark>[{}\[\]=:,])""",
    re.DOTALL | re.VERBOSE,
)


class _Reader:
    """Takes a text piece by piece."""

    def __init__(self, text: str) -> None:
        self._pieces = list(_pieces(text))
        self._next = 0

    def document(self) -> dict[str, Plain]:
        """Return the whole document; blocks of the same name become a list."""
        return self._body("")

    def _body(self, end: str) -> dict[str, Plain]:
        found: dict[str, Plain] = {}
        while (piece := self._take(end)) != end:
            if piece == ",":
                continue
            key, value = self._entry(piece)
            _add(found, key, value)
        return found

    def _entry(self, piece: str) -> tuple[str, Plain]:
        key, piece = _plain(piece), self._take("")
        if piece in ("=", ":"):
            return key, self._value(self._take(""))
        if piece == "{":
            return key, self._body("}")
        # A block with a label: `path "a/*" {`.
        inner, value = self._entry(piece)
        return key, {inner: value}

    def _value(self, piece: str) -> Plain:
        if piece == "{":
            return self._body("}")
        if piece != "[":
            return _plain(piece)
        items: list[Plain] = []
        while (piece := self._take("]")) != "]":
            if piece != ",":
                items.append(self._value(piece))
        return items

    def _take(self, end: str) -> str:
        """Return the next piece; the end of the text is `end` where that is empty, else an error."""
        if self._next == len(self._pieces):
            if end:
                raise ValueError("not closed")
            return ""
        self._next += 1
        return self._pieces[self._next - 1]


def _pieces(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        match = _PIECE.match(text, place)
        if match is None:
            raise ValueError("no HCL that policies are written in")
        place = match.end()
        if match.lastgroup != "skip":
            yield match[0]


def _plain(piece: str) -> str:
    """Return a text without its quotes, or a word as it is."""
    if piece[:1] in ("", *"{}[]=:,"):
        raise ValueError("a name or value is missing")
    return str(json.loads(piece, strict=False)) if piece.startswith('"') else piece
