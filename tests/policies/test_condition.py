"""What a condition answers here, and how it reads for the API server; that both mean the same is an e2e test."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.condition import (
    All,
    AtLeast,
    Condition,
    EachEntry,
    EachItem,
    Field,
    Filled,
    Matches,
    Not,
    OneOf,
    Present,
    Scope,
    SomeItem,
    absent,
    all_of,
    any_of,
    empty,
    one_of,
    present,
    unset_or,
)
from policies.condition import Any as AnyOf
from policies.plain import UNKNOWN, Plain
from policies.truth import Truth

KEYS = ("a", "b", "c")
WORDS = ("", "x", "xy")
ROOTS = ("one", "two")

known: st.SearchStrategy[Plain] = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, 2, 1.0]) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)
maybe: st.SearchStrategy[Plain] = st.recursive(
    st.just(UNKNOWN) | st.none() | st.booleans() | st.sampled_from([0, 1, 2]) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
top = st.dictionaries(st.sampled_from(KEYS), maybe, max_size=3)


def fields(roots: tuple[str, ...]) -> st.SearchStrategy[Field]:
    return st.builds(
        lambda root, keys: Field(root, *keys),
        st.sampled_from(roots),
        st.lists(st.sampled_from(KEYS), min_size=1, max_size=2),
    )


def conditions(roots: tuple[str, ...] = ROOTS, depth: int = 2) -> st.SearchStrategy[Condition]:
    """Return conditions of every class over the roots and the items that they name on the way."""
    field = fields(roots)
    leaf: st.SearchStrategy[Condition] = st.one_of(
        st.builds(Present, field),
        st.builds(Filled, field),
        st.builds(OneOf, field, st.sampled_from([(True,), (False,), ("x",), ("", "xy"), (1,), (0, 2)])),
        st.builds(Matches, field, st.sampled_from(["x", "x?", "(?s:.*)y"])),
        st.builds(AtLeast, field, st.sampled_from([0, 1, 2])),
    )
    if depth == 0:
        return leaf
    same = conditions(roots, depth - 1)
    name = f"item{depth}"
    inner = conditions((*roots, name), depth - 1)
    return st.one_of(
        leaf,
        st.builds(Not, same),
        st.builds(lambda *parts: All(parts), same, same),
        st.builds(lambda *parts: AnyOf(parts), same, same),
        st.builds(EachItem, field, st.just(name), inner),
        st.builds(SomeItem, field, st.just(name), inner),
        st.builds(EachEntry, field, st.sampled_from(["a", "[ab]"]), st.just(name), inner),
    )


def completed(draw: st.DrawFn, value: Plain, *, partial: bool) -> Plain:
    """Return what a value may turn out to be: unknown ones anything, absent ones of a partial map anything, too."""
    if value is UNKNOWN:
        return draw(known)
    if isinstance(value, list):
        return [completed(draw, item, partial=partial) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: completed(draw, item, partial=partial) for key, item in value.items()}
    for key in KEYS if partial else ():
        if made.get(key) is None and draw(st.booleans()):
            made[key] = draw(known)
    return made


@settings(max_examples=300)
@given(st.data(), conditions(), top, top, st.sets(st.sampled_from(ROOTS)))
def test_an_answer_holds_however_the_unknown_turns_out(
    data: st.DataObject, condition: Condition, one: Plain, two: Plain, partial: set[str]
) -> None:
    roots = {"one": one, "two": two}
    answer = condition.truth(Scope(roots, frozenset(partial)))
    for _ in range(3 if answer is not None else 0):
        turned = {
            name: data.draw(_completions(value, partial=name in partial), label=name) for name, value in roots.items()
        }
        assert condition.truth(Scope(turned)) is answer


@st.composite
def _completions(draw: st.DrawFn, value: Plain, *, partial: bool) -> Plain:
    return completed(draw, value, partial=partial)


@settings(max_examples=200)
@given(conditions(), st.dictionaries(st.sampled_from(KEYS), known), st.dictionaries(st.sampled_from(KEYS), known))
def test_what_is_known_has_an_answer(condition: Condition, one: Plain, two: Plain) -> None:
    assert condition.truth(Scope({"one": one, "two": two})) is not None


@given(conditions(depth=0))
def test_an_unknown_object_has_none(condition: Condition) -> None:
    assert condition.truth(Scope({"one": UNKNOWN, "two": UNKNOWN})) is None


A = Field("x", "a")
MATRIX: tuple[tuple[Condition, tuple[Plain, ...], tuple[Plain, ...]], ...] = (
    (present(A), (False, 0, "", [], {}), (None,)),
    (absent(A), (None,), (False, 0, "", [], {})),
    (Filled(A), ("x", [None], {"a": None}, 0, False), (None, "", [], {})),
    (empty(A), (None, "", [], {}), ("x", [None], {"a": None})),
    (one_of(A, True), (True,), (1, 1.0, "true", False, None, [True])),
    (one_of(A, 1, 2), (1, 2, 1.0), (True, 0, 3, "1", None)),
    (one_of(A, "x", "y"), ("x", "y"), ("", "X", "xy", ["x"], None)),
    (unset_or(A, False), (None, False), (True, 0, "", "false")),
    (Matches(A, "a|b+"), ("a", "b", "bb"), ("", "ab", "a\n", " a", "c", 1, None)),
    (AtLeast(A, 1), (1, 2, 1.5), (0, 0.5, -1, True, "1", None)),
    (all_of(present(A), one_of(A, 1)), (1,), (None, 2)),
    (any_of(absent(A), one_of(A, 1)), (None, 1), (2,)),
    (all_of(), (None, 1), ()),
    (any_of(), (), (None, 1)),
    (EachItem(A, "i", one_of(Field("i"), 1)), (None, [], [1, 1], "junk", {"a": 2}), ([2], [1, 2], [None])),
    (SomeItem(A, "i", one_of(Field("i"), 1)), ([1], [2, 1]), (None, [], [2], "junk", {"a": 1})),
    (EachItem(A, "i", one_of(Field("i", "b"), 1)), ([{"b": 1}],), ([{}], [{"b": 2}], [1], [None])),
    (
        EachEntry(A, "k.*", "v", one_of(Field("v"), 1)),
        (None, {}, {"k": 1}, {"x": 2, "xk": 2}, [2]),
        ({"k": 2, "x": 1},),
    ),
)


@pytest.mark.parametrize(("condition", "true", "false"), MATRIX, ids=lambda part: getattr(part, "cel", str)() or "")
def test_matrix(condition: Condition, true: tuple[Plain, ...], false: tuple[Plain, ...]) -> None:
    for values, answer in ((true, True), (false, False)):
        for value in values:
            assert condition.truth(Scope({"x": {"a": value}})) is answer, value
            if value is None:
                assert condition.truth(Scope({"x": {}})) is answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [([UNKNOWN, 2], False), ([UNKNOWN, 1], None), ([1, 1], True), (UNKNOWN, None)],
)
def test_an_unknown_item_hides_none_beside_it(value: Plain, answer: Truth) -> None:
    assert EachItem(A, "i", one_of(Field("i"), 1)).truth(Scope({"x": {"a": value}})) is answer


def test_keys_that_a_patch_leaves_out_may_be_there() -> None:
    patch = frozenset({"x"})
    entries = EachEntry(A, "k.*", "v", one_of(Field("v"), 1))
    answers = {entries.truth(Scope({"x": {"a": value}}, patch)) for value in ({}, {"k": 1}, {"other": 2}, None)}
    assert answers == {None}
    assert entries.truth(Scope({"x": {"a": {"k": 2}}}, patch)) is False
    assert Filled(A).truth(Scope({"x": {"a": {}}}, patch)) is None
    assert Filled(A).truth(Scope({"x": {"a": ""}}, patch)) is False
    assert Filled(A).truth(Scope({"x": {"a": {"k": 1}}}, patch)) is True


def test_an_item_of_a_patch_is_partial_and_one_beside_it_is_not() -> None:
    condition = EachItem(A, "i", present(Field("i", "b")))
    roots: dict[str, Plain] = {"x": {"a": [{}]}, "y": {}}
    assert condition.truth(Scope(roots)) is False
    assert condition.truth(Scope(roots, frozenset({"x"}))) is None
    assert condition.truth(Scope(roots, frozenset({"y"}))) is False
    # A name that an outer item has had is the inner one's.
    again = EachItem(Field("x", "a"), "y", present(Field("y", "b")))
    assert again.truth(Scope(roots, frozenset({"y"}))) is False


CEL: tuple[tuple[Condition, str], ...] = (
    (present(Field("x", "a", "b")), "x.?a.?b.hasValue()"),
    (present(Field("x", "a/b", "c")), 'x[?"a/b"].?c.hasValue()'),
    (absent(A), "!x.?a.hasValue()"),
    (Filled(A), "(x.?a.hasValue() && size(x.?a.value()) > 0)"),
    (one_of(A, "x", 'quo"te'), '(x.?a.hasValue() && x.?a.value() in ["x", "quo\\"te"])'),
    (one_of(A, True), "(x.?a.hasValue() && x.?a.value() in [true])"),
    (one_of(Field("x"), 1, 2), "(optional.of(x).hasValue() && optional.of(x).value() in [1, 2])"),
    (Matches(A, "a|b\\."), '(x.?a.hasValue() && x.?a.value().matches("^(?:a|b\\\\.)$"))'),
    (AtLeast(A, 3), "(x.?a.hasValue() && x.?a.value() >= 3)"),
    (all_of(present(A), absent(A)), "(x.?a.hasValue() && !x.?a.hasValue())"),
    (unset_or(A, 1), "(!x.?a.hasValue() || (x.?a.hasValue() && x.?a.value() in [1]))"),
    (all_of(), "(true)"),
    (any_of(), "(false)"),
    (Not(all_of(present(A))), "!(x.?a.hasValue())"),
    (EachItem(A, "i", present(Field("i", "b"))), "x.?a.orValue([]).all(i, i.?b.hasValue())"),
    (SomeItem(A, "i", present(Field("i", "b"))), "x.?a.orValue([]).exists(i, i.?b.hasValue())"),
    (
        EachEntry(A, "k", "v", present(Field("v", "b"))),
        'x.?a.orValue({}).all(v_key, !v_key.matches("^(?:k)$") || [x.?a.orValue({})[v_key]].all(v, v.?b.hasValue()))',
    ),
)


@pytest.mark.parametrize(("condition", "expression"), CEL)
def test_cel(condition: Condition, expression: str) -> None:
    assert condition.cel() == expression


@settings(max_examples=150)
@given(conditions())
def test_cel_is_balanced_and_negation_takes_all_of_it(condition: Condition) -> None:
    """A condition binds tighter than `&&`, `||` and `!`: outside brackets it has no operator."""
    depth, outside = 0, ""
    for character in condition.cel():
        depth += (character in "([{") - (character in ")]}")
        outside += character if depth == 0 else ""
        assert depth >= 0
    assert depth == 0
    assert not any(operator in outside for operator in ("&&", "||", "==", ">=", " in "))
