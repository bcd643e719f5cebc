"""Vault's policies say the same in JSON and in HCL, and what can't be read is never taken for nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.vault import policies as documents
from policies import hcl
from policies.plain import UNKNOWN, Plain
from policies.vault import Grant, grants

CAPABILITIES = ["create", "read", "update", "patch", "delete", "list", "sudo", "deny"]
path = st.text("ab/+*-_ .{}\"\\#'", min_size=1, max_size=8)
rules = st.dictionaries(path, st.lists(st.sampled_from(CAPABILITIES), max_size=4), max_size=5)
spaces = st.sampled_from([" ", "\n", "\t\n", " # no more\n", " // no more\n", ' /* } no " more */ '])


def _text(value: str) -> str:
    return json.dumps(value)


def _as_hcl(wanted: dict[str, list[str]], space: str) -> str:
    blocks = (
        f"path{space}{_text(where)}{space}{{{space}capabilities{space}={space}"
        f"[{', '.join(_text(one) for one in can)}]{space}}}{space}"
        for where, can in wanted.items()
    )
    return space + space.join(blocks)


def _sorted(found: list[Grant] | None) -> list[tuple[str, list[str]]]:
    assert found is not None
    return sorted((one.path, sorted(one.capabilities)) for one in found)


@given(rules, spaces)
def test_both_languages_say_the_same(wanted: dict[str, list[str]], space: str) -> None:
    expected = sorted((where.removeprefix("/"), sorted(set(can))) for where, can in wanted.items())
    as_json = json.dumps({"path": {where: {"capabilities": can} for where, can in wanted.items()}})
    assert _sorted(grants(as_json)) == expected
    assert _sorted(grants(_as_hcl(wanted, space))) == expected


@given(rules, rules)
def test_the_order_of_blocks_does_not_count(one: dict[str, list[str]], other: dict[str, list[str]]) -> None:
    there, back = _as_hcl(one, " ") + _as_hcl(other, "\n"), _as_hcl(other, "\n") + _as_hcl(one, " ")
    assert _sorted(grants(there)) == _sorted(grants(back))


@given(rules.filter(bool), st.data())
def test_a_document_that_breaks_off_is_not_read(wanted: dict[str, list[str]], data: st.DataObject) -> None:
    whole = _as_hcl(wanted, " ").rstrip()
    last = whole.rindex("path ")
    cut = data.draw(st.integers(last + 1, len(whole) - 1))
    assert grants(whole[:cut]) is None


@given(st.text())
def test_any_text_is_read_or_is_not(text: str) -> None:
    found = grants(text)
    assert found is None or all(isinstance(one, Grant) for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "path",
        'path "a"',
        'path "a" {',
        'path "a" }',
        'path "a" { capabilities }',
        'path "a" { capabilities = }',
        'path "a" { capabilities = ["read" }',
        'path "a" { capabilities = [{}] }',
        'path "a" { policy = "root" }',
        'path "a" { policy = [["read"]] }',
        'path "a" = 1',
        "path = 1",
        "path = [1]",
        '{"path": 1}',
        '{"path": {"a": "read"}}',
        '{"path": {"a": {"capabilities": [1]}}}',
        "{",
        "[]",
        "x = <<EOT\na\nEOT",
        'path "\\q" {}',
        '/* path "a" {}',
        "a " * 100_000,
        "{" * 100_000,
        "a = " + "[" * 100_000,
        None,
        1,
        {},
    ],
)
def test_what_is_no_policy(text: Plain) -> None:
    assert grants(text) is None


def test_what_vault_takes_besides() -> None:
    text = """
        name = "old"
        path "a/*" { policy = "write" }
        path "b" {
          capabilities = ["read", "list",]
          allowed_parameters = { "name" = ["x", "y"], "*" = [] }
          min_wrapping_ttl = "1s"
        }
    """
    assert _sorted(grants(text)) == [
        ("a/*", ["create", "delete", "list", "read", "update"]),
        ("b", ["list", "read"]),
    ]
    assert grants("") == []


def test_what_is_there_twice_counts_twice() -> None:
    twice = '{"path": {"a": {"capabilities": ["read"]}, "a": {"capabilities": ["sudo"]}}, "path": {"b": {}}}'
    assert _sorted(grants(twice)) == [("a", ["read"]), ("a", ["sudo"]), ("b", [])]
    assert hcl.read("a = 1\na = 2") == {"a": ["1", "2"]}


@pytest.mark.parametrize(
    ("pattern", "covered", "others"),
    [
        ("a/b", ["a/b"], ["a", "a/b/c", "xa/b"]),
        ("a/*", ["a/", "a/b", "a/b/c"], ["a", "ab"]),
        ("a*", ["a", "ab", "a/b"], ["b"]),
        ("+/b", ["a/b"], ["b", "a/c/b", "/b"]),
        ("a/+/c*", ["a/b/c", "a/b/cd/e"], ["a/c", "a/b/d/c"]),
        ("*", ["a", "a/b"], []),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_paths(pattern: str, covered: list[str], others: list[str]) -> None:
    grant = Grant(pattern, frozenset({"read"}))
    assert all(grant.covers(one) for one in covered)
    assert not any(grant.covers(one) for one in others)


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_what_writes(capability: str) -> None:
    assert Grant("a", frozenset({capability})).writes is (capability in ("create", "update", "patch"))


def test_the_blueprint_s_own_are_read_as_they_are_meant() -> None:
    for wanted in (documents.preview(), documents.deploy(), *documents.of_team("a").values()):
        expected = sorted((where, sorted(set(can))) for where, can in wanted.items())
        assert _sorted(grants(documents.document(wanted))) == expected
    assert grants(UNKNOWN) is None
