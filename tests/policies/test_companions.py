"""Looking a companion up says the same as comparing each with each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.companions import Answers, identity
from policies.plain import UNKNOWN, Plain
from policies.samples import declared
from policies.truth import Truth, every, some

names: st.SearchStrategy[Plain] = st.sampled_from(["a", "b", "", UNKNOWN, None])
truths = st.sampled_from([True, False, None])


def _same(left: Plain, right: Plain) -> Truth:
    return None if left in (None, UNKNOWN) or right in (None, UNKNOWN) else left == right


@given(st.lists(st.tuples(names, truths), max_size=5), names)
def test_as_if_each_was_compared(given_: list[tuple[Plain, Truth]], name: Plain) -> None:
    expected = some(every((_same(name, other), answer)) for other, answer in given_)
    assert Answers(given_).of(name) is expected


@pytest.mark.parametrize("odd", [1, True, [], {}, ["a"]])
def test_what_is_no_name_is_nobody_s(odd: Plain) -> None:
    assert Answers([(odd, True)]).of("a") is False
    assert Answers([("a", True)]).of(odd) is False


@pytest.mark.parametrize(
    ("props", "expected"),
    [
        ({"id": "vpc-1", "arn": "arn:aws:ec2:a:1:vpc/vpc-2"}, "vpc-1"),
        ({"arn": "arn:aws:ec2:a:1:vpc/vpc-2"}, "vpc-2"),
        ({"id": UNKNOWN, "arn": "arn:aws:ec2:a:1:vpc/vpc-2"}, UNKNOWN),
        ({"arn": UNKNOWN}, UNKNOWN),
        ({}, None),
    ],
)
def test_ids(props: dict[str, Plain], expected: Plain) -> None:
    assert identity(declared("aws:ec2/vpc:Vpc", **props)) == expected
