"""The search for secrets finds what is there: whatever it is disguised as, and wherever it lies in a file."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from . import leaks
from .leaks import Search, disguises

MARKS = st.binary(min_size=12, max_size=12).map(bytes.hex)
AROUND = st.binary(max_size=7)
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "base64": base64.b64encode,
    "base64 of a URL": base64.urlsafe_b64encode,
    "base64 twice": lambda raw: base64.b64encode(base64.b64encode(raw)),
    "base64 within base64": lambda raw: base64.b64encode(b'{"a":"' + base64.b64encode(raw)),
    "hex": lambda raw: raw.hex().encode(),
    "capital hex": lambda raw: raw.hex().upper().encode(),
}


@pytest.mark.parametrize("form", FORMS)
@given(mark=MARKS, before=AROUND, after=AROUND)
def test_a_mark_is_found_in_every_form(form: str, mark: str, before: bytes, after: bytes) -> None:
    search = Search((mark,))
    search.text("kind", "place", FORMS[form](before + mark.encode() + after))
    assert search.found == {"place": {mark}}


@given(mark=MARKS, other=MARKS)
def test_another_mark_is_not_taken_for_it(mark: str, other: str) -> None:
    search = Search((mark,))
    search.text("kind", "place", b"".join(form(f"x{other}".encode()) for form in FORMS.values()))
    assert bool(search.found) == (mark == other)


def test_a_mark_is_found_wherever_it_lies_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "_CHUNK", 64)
    mark = "0123456789abcdef01234567"
    path = tmp_path / "file"
    for before in range(200):
        path.write_bytes(b"." * before + disguises(mark)[0] + b"." * 50)
        search = Search((mark,))
        search.file("kind", path)
        assert search.found == {str(path): {mark}}, before


def test_a_mark_is_found_in_a_compressed_log(tmp_path: Path) -> None:
    mark, path = "0123456789abcdef01234567", tmp_path / "0.log.20260101-000000.gz"
    path.write_bytes(gzip.compress(f"a line\n{mark}\n".encode()))
    assert mark.encode() not in path.read_bytes()
    search = Search((mark,))
    search.file("kind", path)
    assert search.found == {str(path): {mark}}


def test_links_and_what_is_gone_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert list(leaks.regular(tmp_path)) == [tmp_path / "real"]
    Search(("00",)).file("kind", tmp_path / "gone")
