"""Policy documents say the same however they are written down."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.iam import (
    Statement,
    Unreadable,
    allows,
    depends_on,
    does,
    does_all_of_a_service,
    does_everything,
    is_about_every,
    is_fixed,
    is_for_everyone,
    read,
)
from policies.plain import UNKNOWN, Plain
from policies.rule import NotYetKnown
from policies.rules import iam_admin, iam_escalation, iam_kms_decrypt, iam_wildcard_action, kms_key_policy
from policies.samples import declared
from policies.truth import Truth

ACTIONS = ["s3:GetObject", "s3:*", "iam:PassRole", "iam:*", "*", "*:*", "kms:Decrypt", "sts:AssumeRole", "kms:De*"]
RESOURCES = ["*", "arn:aws:s3:::a", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/idp/*", "arn:aws:kms:::key/*"]
PRINCIPALS = ["*", "arn:aws:iam::123456789012:root"]
CONDITIONS: list[dict[str, Plain]] = [
    {},
    {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    {"StringLike": {"kms:ResourceAliases": ["alias/a"]}},
    {"StringEqualsIfExists": {"kms:CallerAccount": "123456789012"}},
    {"StringEquals": {"kms:CallerAccount": "123456789012"}},
]


def several(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


statement = st.builds(
    lambda effect, actions, resources, principals, condition: {
        "Effect": effect,
        "Action": actions,
        "Resource": resources,
        "Principal": {"AWS": principals},
        "Condition": condition,
    },
    st.sampled_from(["Allow", "Deny"]),
    several(ACTIONS),
    several(RESOURCES),
    several(PRINCIPALS),
    st.sampled_from(CONDITIONS),
)
statements = st.lists(statement, max_size=4)

RULES = (iam_admin.RULE, iam_escalation.RULE, iam_kms_decrypt.RULE, iam_wildcard_action.RULE)


def verdicts(document: Plain) -> list[tuple[str, bool]]:
    """Which rules refuse a document, on an identity or a key."""
    identity, key = declared("aws:iam/policy:Policy", policy=document), declared("aws:kms/key:Key", policy=document)
    found = [(rule.id, bool(list(rule.check(identity)))) for rule in RULES]
    return [*found, ("kms_key_policy", bool(list(kms_key_policy.RULE.check(key))))]


def _shortened(value: Plain) -> Plain:
    """Write lists of one as the one."""
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return _shortened(value[0]) if len(value) == 1 else [_shortened(one) for one in value]
    return value


def _respelled(value: Plain, spell: Callable[[str], str]) -> Plain:
    """Write the names of elements, operators and keys, and the actions, in other letters."""
    if isinstance(value, dict):
        return {
            spell(key): [spell(str(one)) for one in inner]
            if key == "Action" and isinstance(inner, list)
            else _respelled(inner, spell)
            for key, inner in value.items()
        }
    return [_respelled(one, spell) for one in value] if isinstance(value, list) else value


@given(statements, st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_count(listed: list[Plain], random: object) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own random
    assert verdicts({"Statement": listed}) == verdicts({"Statement": shuffled})


@given(statements)
def test_text_and_mapping_are_the_same(listed: list[Plain]) -> None:
    document: Plain = {"Version": "2012-10-17", "Statement": listed}
    assert verdicts(document) == verdicts(json.dumps(document)) == verdicts(json.dumps(document, indent=2))


@given(statements)
def test_one_and_a_list_of_one_are_the_same(listed: list[Plain]) -> None:
    assert verdicts({"Statement": listed}) == verdicts(_shortened({"Statement": listed}))


@given(statements, st.sampled_from([str.lower, str.upper, str.title]))
def test_small_and_capital_letters_are_the_same(listed: list[Plain], spell: Callable[[str], str]) -> None:
    assert verdicts({"Statement": listed}) == verdicts(_respelled({"Statement": listed}, spell))


@given(statements, statements)
def test_more_statements_never_make_a_document_better(listed: list[Plain], more: list[Plain]) -> None:
    before, after = verdicts({"Statement": listed}), verdicts({"Statement": [*listed, *more]})
    assert all(later or not earlier for (_, earlier), (_, later) in zip(before, after, strict=True))


@given(statements)
def test_an_unknown_part_is_never_fine(listed: list[Plain]) -> None:
    """Where a rule refuses a document, it does not pass it with one element hidden."""
    refused = dict(verdicts({"Statement": listed}))
    for index, one in enumerate(listed):
        assert isinstance(one, dict)
        for element in one:
            hidden: list[Plain] = [*listed[:index], {**one, element: UNKNOWN}, *listed[index + 1 :]]
            assert all(found or not refused[rule] for rule, found in verdicts({"Statement": hidden}))


@given(st.text() | st.binary().map(repr))
def test_whatever_is_no_document_is_said_to_be_none(text: str) -> None:
    for one in read(text, "policy"):
        assert isinstance(one, Unreadable | Statement)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        "null",
        '{"Statement": 1}',
        '{"Statement": [1]}',
        '{"Version": "2012-10-17"}',
        '{"Statement": [], "statement": []}',
        '{"Statement": {"Effect": "Deny", "Effect": "Allow"}}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_what_is_no_document(text: str) -> None:
    assert list(read(text, "policy")) == [Unreadable("policy")]


def test_where_statements_are() -> None:
    found = list(read('{"Statement": [{}, {}]}', "policy"))
    assert [one.path for one in found] == ["policy.Statement[0]", "policy.Statement[1]"]
    assert list(read(UNKNOWN, "policy")) == [NotYetKnown("policy")]
    assert list(read({"Statement": UNKNOWN}, "policy")) == [NotYetKnown("policy")]


def said(**elements: Plain) -> Statement:
    return Statement(dict(elements), "policy.Statement[0]")


@given(st.text("ab*?[]!", max_size=6), st.text("ab[]!", max_size=6))
def test_patterns_are_those_of_iam(pattern: str, name: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)
    assert does(said(Action=pattern), name) is (re.fullmatch(expression, name) is not None)


def test_many_wildcards_take_no_time() -> None:
    assert does(said(Action="*a" * 2000), "a" * 60) is False


@pytest.mark.parametrize(
    ("resource", "every"),
    [
        ("*", True),
        ("arn:aws:iam::1:role/*", True),
        ("arn:*", True),
        ("arn:aws:iam::*", True),
        ("arn:aws:iam::1:*", True),
        ("arn:aws:iam::1:role/a*", False),
        ("arn:aws:iam::1:role/Thing", True),
        ("arn:aws:iam::1:user/*", False),
        ("arn:aws:iam::1", False),
        ("role/Thing", False),
        (7, False),
        (UNKNOWN, None),
    ],
)
def test_all_of_a_kind(resource: Plain, every: Truth) -> None:
    assert is_about_every(said(Resource=[resource]), "role/Thing") is every


def test_all_of_a_kind_means_every_sample() -> None:
    assert is_about_every(said(Resource="arn:aws:iam::1:role/a"), "role/a", "role/b") is False
    assert (
        is_about_every(said(Resource=["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"]), "role/a", "role/b") is False
    )
    assert is_about_every(said(NotResource="arn:aws:iam::1:role/a"), "role/a") is True
    assert is_about_every(said(), "role/a") is False


@pytest.mark.parametrize(
    ("effect", "answer"),
    [("Allow", True), ("ALLOW", True), ("Deny", False), (None, False), (1, False), (UNKNOWN, None)],
)
def test_effects(effect: Plain, answer: Truth) -> None:
    assert allows(said(Effect=effect)) is answer


@pytest.mark.parametrize(
    ("action", "everything", "service"),
    [
        ("*", True, False),
        ("**", True, False),
        ("*:*", True, False),
        ("s3:*", False, True),
        ("S3:**", False, True),
        ("s3:Get*", False, False),
        ("s3:GetObject", False, False),
        (UNKNOWN, None, None),
        (7, False, False),
    ],
)
def test_wide_actions(action: Plain, everything: Truth, service: Truth) -> None:
    assert does_everything(said(Action=action)) is everything
    assert does_all_of_a_service(said(Action=[action])) is service


def test_all_actions_but_some() -> None:
    left = said(NotAction=["s3:*", "iam:Get*"])
    assert does_all_of_a_service(left) is True
    assert does(left, "iam:PassRole") is True
    assert does(left, "iam:GetRole") is False
    assert does(said(NotAction=UNKNOWN), "iam:PassRole") is None


@pytest.mark.parametrize(
    ("principal", "answer"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"Service": "a", "AWS": ["b", "*"]}, True),
        ({"AWS": "arn:aws:iam::1:root"}, False),
        ({}, False),
        (None, False),
        (UNKNOWN, None),
        ({"AWS": UNKNOWN}, None),
        ({"AWS": [UNKNOWN, "*"]}, True),
    ],
)
def test_principals(principal: Plain, answer: Truth) -> None:
    assert is_for_everyone(said(Principal=principal)) is answer


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"StringEquals": {"A:B": "c"}}, True),
        ({"stringlike": {"a:b": ["c", "d"]}}, True),
        ({"ForAnyValue:ArnLike": {"a:b": "c"}}, True),
        ({"ForAllValues:StringEquals": {"a:b": "c"}}, False),
        ({"StringEqualsIfExists": {"a:b": "c"}}, False),
        ({"StringNotEquals": {"a:b": "c"}}, False),
        ({"StringEquals": {"a:b": ["c", "*"]}}, False),
        ({"StringEquals": {"a:b": []}}, False),
        ({"StringEquals": {"a:b": ""}}, False),
        ({"StringEquals": {"a:b": "${aws:username}"}}, False),
        ({"StringEquals": {"a:c": "c"}}, False),
        ({"StringEquals": "c"}, False),
        ({}, False),
        (None, False),
        (UNKNOWN, None),
        ({"StringEquals": UNKNOWN}, None),
        ({"StringEquals": {"a:b": UNKNOWN}}, None),
        ({"StringEquals": {"a:b": [UNKNOWN, "*"]}}, False),
    ],
)
def test_conditions(condition: Plain, answer: Truth) -> None:
    assert depends_on(said(Condition=condition), lambda key: key == "a:b", is_fixed) is answer
