"""YAML and JSON are read as everybody reads them, with their lines, and nothing grows without bounds."""

from __future__ import annotations

import json
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from environments.yamltree import Node, Unreadable
from idp.check import documents as module
from idp.check.documents import DEEPEST, LARGEST, MOST_VALUES, documents
from idp.check.scalars import plain


def read(text: str) -> list[object]:
    return [document.root.data() for document in documents(text.encode())]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(word, True) for word in ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")],
        *[(word, False) for word in ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")],
        *[(word, None) for word in ("", "~", "null", "Null", "NULL")],
        *[
            (word, word)
            for word in ("yEs", "oN", "nULL", "truE", "x", "1:30", "2026-11-23", "1.2.3", "0x", "0b2", "1e")
        ],
        *[("0", 0), ("-7", -7), ("+7", 7), ("012", 10), ("0o12", 10), ("0x1F", 31), ("0b101", 5), ("1_000", 1000)],
        *[
            ("-0x1f", -31),
            ("18446744073709551615", 2**64 - 1),
            ("18446744073709551616", 2.0**64),
            ("9" * 5000, "9" * 5000),
        ],
        *[("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("08", 8.0), ("1e3", 1000.0), ("-1E-3", -0.001), ("1e999", "1e999")],
        *[(".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf)],
    ],
)
def test_plain_scalars_are_what_the_api_s_clients_take_them_for(text: str, value: object) -> None:
    found = plain(text)
    assert found == value
    assert type(found) is type(value)
    assert read(f"a: {text}") == [{"a": value}]
    assert read(f"a: '{text}'") == [{"a": text}]
    assert read(f"a: !!str {text}") == [{"a": text}]


def test_nan() -> None:
    value = plain(".NaN")
    assert isinstance(value, float)
    assert math.isnan(value)


texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufeff\x85\u2028\u2029", exclude_categories=["C"]), max_size=8
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(values, min_size=1, max_size=3), st.booleans(), st.sampled_from([None, 2]))
def test_json_is_read_as_python_reads_it(found: list[object], ascii_only: bool, indent: int | None) -> None:
    text = "\n".join(json.dumps({"top": one}, ensure_ascii=ascii_only, indent=indent) for one in found)
    assert read(text) == [{"top": one} for one in found]


@given(st.lists(values, min_size=1, max_size=3), st.booleans())
def test_yaml_is_read_as_pyyaml_reads_it(found: list[object], flow: bool) -> None:
    """PyYAML writes aliases for what repeats; both sides expand them."""
    shared = [{"top": one, "again": one, "more": [one]} for one in found]
    text = yaml.safe_dump_all(shared, default_flow_style=flow, allow_unicode=True)
    if "? " in text:
        return  # Long or odd keys are written in a form that is refused.
    wanted = list(yaml.safe_load_all(text))
    got = read(text)
    if _agree(wanted):
        assert got == wanted


def _agree(value: object) -> bool:
    """Tell whether PyYAML and go-yaml read every text alike: PyYAML quotes what it would read otherwise, not `y`."""
    if isinstance(value, dict):
        return all(_agree(inner) for inner in (*value, *value.values()))
    if isinstance(value, list):
        return all(_agree(inner) for inner in value)
    return (
        not isinstance(value, str) or plain(value) == value or isinstance(yaml.safe_load(value or "''"), str) is False
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x 1\nc: [*x, *x]", {"a": 1, "c": [1, 1]}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
        ("- &x {b: 1}\n- &y {b: 2, c: 3}\n- <<: [*x, *y]", [{"b": 1}, {"b": 2, "c": 3}, {"b": 1, "c": 3}]),
        ('a: {"<<": 1}', {"a": {"<<": 1}}),
        ("%YAML 1.1\n---\na: 1", {"a": 1}),
        ("a: !!map {b: !!seq [!!str 1]}", {"a": {"b": ["1"]}}),
    ],
)
def test_aliases_and_merge_keys(text: str, value: object) -> None:
    assert read(text) == [value]
    assert list(yaml.safe_load_all(text)) == [value]


def test_an_anchor_may_be_set_anew() -> None:
    assert read("a: &x {b: 1}\nc: &x {b: 2}\nd: *x") == [{"a": {"b": 1}, "c": {"b": 2}, "d": {"b": 2}}]


def lines(node: Node) -> dict[object, object]:
    below = list((node.keys or {}).items()) + list(enumerate(node.entries or []))
    return {"line": node.line, **{key: lines(inner) for key, inner in below}}


def test_lines_are_those_of_the_file() -> None:
    text = "# a\nb:\n  - c: 1\n    d: 2\n---\n\ne:\n  f: {g:\n    3}\n"
    assert [lines(document.root) for document in documents(text.encode())] == [
        {"line": 2, "b": {"line": 2, 0: {"line": 3, "c": {"line": 3}, "d": {"line": 4}}}},
        {"line": 7, "e": {"line": 7, "f": {"line": 8, "g": {"line": 8}}}},
    ]
    text = '\n{\n"a": [\n1,\n{"b":\n2}]}\n{"c": 1}'
    assert [lines(document.root) for document in documents(text.encode())] == [
        {"line": 2, "a": {"line": 3, 0: {"line": 4}, 1: {"line": 5, "b": {"line": 5}}}},
        {"line": 7, "c": {"line": 7}},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"a"',
        '{"a":',
        '{"a": 1',
        '{"a": 1,',
        '{"a": 1}}',
        '{"a": 1}]',
        '{"a": 1} x: [',
        '{"a" 1: ]',
        "[,]",
        *['{"a": tru: ]}', '{"a": "x\n\n: [}', '["\\x"]', "[01: ]]", '{"a": 1}\n{"b": [}'],
    ],
)
def test_broken_json_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text)
    (fault,) = refused.value.faults
    assert fault.message.startswith(("not JSON", "not YAML", "a key must be"))


@pytest.mark.parametrize("text", ["{}", "[]", '{"a": {}}', "[[], {}]", "{a: 1}", "[a, b]", "{'a': NaN}"])
def test_flow_collections_are_yaml_if_they_are_no_json(text: str) -> None:
    assert read(text) == [yaml.safe_load(text)]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
)
MERGING = "a: &a {x: 1, y: 2}\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} {{<<: [{', '.join(['*' + chr(97 + i)] * 9)}]}}\n" for i in range(20)
)
LADDER = "a0: &a0 [x]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}]\n" for i in range(DEEPEST))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "too many values"),
        (MERGING, "too many values"),
        (LADDER, "too deeply"),
        ("a: &a [*a]", "inside of what it stands for"),
        ("a: &a {b: {c: *a}}", "inside of what it stands for"),
        ("a: &a {<<: *a}", "inside of what it stands for"),
        ("a: *b", "without its anchor"),
        ("a: &b 1\n---\nb: *b", "without its anchor"),
        ("a: &b 1\n*b : 2", "a key must be a plain word"),
        ("a: {<<: 1}", "takes a mapping or a list of mappings"),
        ("a: {<<: [1]}", "takes a mapping or a list of mappings"),
        ("a: &x {b: 1}\nc: {<<: *x, <<: *x}", "a second merge key"),
        ("a: 1\na: 2", "is there already, on line 1"),
        ('{"a": 1, "a": 2}', "is there already, on line 1"),
        ("a: {b: 1, 'b': 2}", "is there already, on line 1"),
        ("[" * 100_000, "too deeply"),
        ("[" * 100_000 + "]" * 100_000, "too deeply"),
        ('{"a":' * 100_000, "too deeply"),
        ("{a: " * 100_000, "too deeply"),
        ("- " * 100_000 + "x", "too deeply"),
        ("".join(" " * depth + "a:\n" for depth in range(1000)), "too deeply"),
        ("\x00\x01\x02", "U+0000"),
        ("a: [1\nb: 2", "not YAML"),
        ("{{- if .Values.a }}\na: b\n{{ end }}", "a key must be a plain word"),
        ("a:\n\tb: 1", "not YAML"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_beyond_a_limit_or_unclear_is_refused(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text)
    assert words in refused.value.faults[0].message
    assert "\n" not in refused.value.faults[0].message


@pytest.mark.parametrize("open_close", ["[]", '{"a":}'])
def test_nesting_just_allowed_is_read(open_close: str) -> None:
    text = open_close[:-1] * DEEPEST + ("" if open_close == "[]" else "1") + open_close[-1] * DEEPEST
    (document,) = documents(text.encode())
    assert document.root.data() is not None


def test_limits_are_where_they_are_said_to_be() -> None:
    assert len(list(documents(b"[" + b"1," * 999 + b"1]"))) == 1
    with pytest.raises(Unreadable, match="too many values"):
        list(documents(b"- a\n" * (MOST_VALUES + 1)))
    with pytest.raises(Unreadable, match="at most 32 MiB"):
        list(documents(b"#" * (LARGEST + 1)))
    # The limit is one document's.
    assert len(list(documents(b"a: [1, 2, 3]\n---\n" * 2000))) == 2001


@pytest.mark.parametrize("text", ["---\n", "{}\n", "a: 1\n---\n", "[] "])
def test_the_number_of_documents_is_bounded(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DOCUMENTS", 50)
    assert len(read(text * 49)) in (49, 50)
    with pytest.raises(Unreadable, match="too many documents in one file: at most 50"):
        read(text * 60)


@pytest.mark.parametrize("text", ["---\n- a\n- &x b\n- *x\n", '{"a": [1, 2]}\n'])
def test_the_values_of_all_documents_are_bounded(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the two has four values."""
    monkeypatch.setattr(module, "MOST_VALUES_OF_A_FILE", 40)
    assert len(read(text * 10)) == 10
    with pytest.raises(Unreadable, match="too many values in one file"):
        read(text * 11)


def test_a_tag_of_another_program_is_told_and_read_on() -> None:
    (first, second) = documents(b"a: !Ref b\n---\na: 1\n")
    assert [fault.line for fault in first.faults] == [1]
    assert second.faults == ()


def test_a_byte_order_mark_of_utf_8_is_no_mistake() -> None:
    assert [one.root.data() for one in documents(b"\xef\xbb\xbfa: 1")] == [{"a": 1}]
    with pytest.raises(Unreadable, match="byte order mark"):
        list(documents("a: 1".encode("utf-16")))


def complaints(raw: bytes) -> list[str]:
    """Return what is wrong with a file; nothing else may be raised."""
    try:
        list(documents(raw))
    except Unreadable as refused:
        return [f"{fault.line}: {fault.message}" for fault in refused.faults]
    return []


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused_in_one_line(raw: bytes) -> None:
    assert not any("\n" in line for line in complaints(raw))


@given(st.text(st.sampled_from("{}[]:,\"'\n -&*!|>#%a1<~?"), max_size=40))
def test_punctuation_is_read_or_refused_in_one_line(text: str) -> None:
    assert not any("\n" in line for line in complaints(text.encode()))
