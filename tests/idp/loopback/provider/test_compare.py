"""When two values mean the same."""

from __future__ import annotations

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from idp.loopback.provider.compare import Change, added, changed_entries, changes, effective, same
from idp.loopback.provider.table import Prop
from idp.loopback.provider.values import UNKNOWN

KEYS = st.text("abc", min_size=1, max_size=2)
LEAVES = st.one_of(st.booleans(), st.integers(-5, 5), st.text("xy", min_size=1, max_size=2))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3)
)
PROP = Prop()


@given(VALUES)
def test_a_value_is_the_same_as_itself(value: object) -> None:
    assert changes("p", PROP, value, value) == []


@given(VALUES, VALUES)
def test_there_are_changes_exactly_where_values_are_not_the_same(old: object, new: object) -> None:
    assert bool(changes("p", PROP, old, new)) != same(PROP, old, new)
    assert all(change.top == "p" for change in changes("p", PROP, old, new))


@given(st.lists(VALUES, max_size=5), st.randoms())
def test_the_order_of_a_list_means_nothing(values: list[object], order: random.Random) -> None:
    shuffled = list(values)
    order.shuffle(shuffled)
    assert same(PROP, values, shuffled)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), st.sampled_from([None, 2, 4]))
def test_the_layout_of_a_document_means_nothing(document: dict[str, object], indent: int | None) -> None:
    assert same(PROP, json.dumps(document), json.dumps(document, indent=indent))


@given(VALUES)
def test_unknown_is_never_the_same(value: object) -> None:
    assert changes("p", PROP, value, UNKNOWN) != []
    assert changes("p", PROP, [value], [value, UNKNOWN]) != []


@given(st.dictionaries(KEYS, LEAVES, max_size=4), st.dictionaries(KEYS, LEAVES, max_size=4))
def test_removing_and_setting_leads_from_old_to_new(old: dict[str, object], new: dict[str, object]) -> None:
    gone, set_ = added(new, old), changed_entries(old, new)
    assert isinstance(gone, list)
    assert isinstance(set_, dict)
    assert {key: value for key, value in old.items() if key not in gone} | set_ == new


def test_defaults() -> None:
    prop = Prop(defaults={"a.b": 1, "c": True})
    assert effective({"p": prop, "q": Prop(default=3)}, {"p": {"a": {}}}) == {"p": {"a": {"b": 1}, "c": True}, "q": 3}
    assert effective({"p": prop}, {"p": [{}, {"c": False}]}) == {"p": [{"c": True}, {"c": False}]}
    assert effective({"p": prop}, {}) == {}


def test_absent_is_kept_only_where_the_table_says_so() -> None:
    assert changes("p", Prop(kept=True), "told", None) == []
    assert changes("p", PROP, "told", None) == [Change("p", "delete")]
    inside = Prop(kept_inside=("a",))
    assert changes("p", inside, {"a": 1, "b": 2}, {"b": 2}) == []
    assert changes("p", inside, {"a": 1, "b": 2}, {"b": 3}) == [Change("p.b", "update")]
    assert changes("p", inside, {"a": 1, "b": 2}, {"a": 4, "b": 2}) == [Change("p.a", "update")]


def test_paths() -> None:
    old = {"list": ["x"], "map": {"a": 1, "b": 2}}
    new = {"list": ["x", "y"], "map": {"a": 1}, "new": True}
    assert changes("p", PROP, old, new) == [
        Change("p.list[1]", "add"),
        Change("p.map.b", "delete"),
        Change("p.new", "add"),
    ]
