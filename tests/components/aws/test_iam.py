"""Statements: a wildcard needs a reason, whenever it comes to be known; documents are what IAM reads."""

from __future__ import annotations

import json

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.iam import Statement, document, trust_pods, trust_service


class Nothing(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, object]]:
        return args.name, args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, object]:
        raise AssertionError(args.token)


def text(made: pulumi.Output[str]) -> str:
    """Return what an output becomes, or raise what it raises."""
    pulumi.runtime.set_mocks(Nothing(), project="idp", stack="test.foundation")
    known: list[str] = []

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        return made.apply(known.append)

    program()
    return known[0]


WIDE: list[dict[str, object]] = [
    {"actions": ["*"], "resources": ["arn:aws:s3:::a"]},
    {"actions": ["s3:*"], "resources": ["arn:aws:s3:::a"]},
    {"actions": ["s3:Get*"], "resources": ["arn:aws:s3:::a"]},
    {"actions": ["s3:GetObject", "s3:*Object"], "resources": ["arn:aws:s3:::a"]},
    {"actions": ["s3:GetObject"], "resources": ["*"]},
    {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::a/b", "*"]},
    {"actions": ["logs:PutLogEvents"], "resources": ["arn:aws:logs:eu-central-1:123456789012:log-group:*"]},
    {"actions": ["sts:AssumeRole"], "principals": {"AWS": ["*"]}},
]


@pytest.mark.parametrize("wide", WIDE, ids=str)
def test_a_wildcard_needs_a_reason(wide: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"One: '.*\*.*' is not allowed: without a wildcard, or with a written reason"):
        Statement(sid="One", **wide)  # type: ignore[arg-type]
    assert "because" not in json.dumps(Statement(sid="One", reason="because", **wide).as_json())  # type: ignore[arg-type]
    Statement(sid="One", effect="Deny", **wide)  # type: ignore[arg-type]


@pytest.mark.parametrize("resource", ["*", "arn:aws:logs:eu-central-1:123456789012:log-group:*"])
def test_a_wildcard_that_comes_to_be_known_late_needs_one_too(resource: str) -> None:
    late = pulumi.Output.from_input(resource)
    with pytest.raises(ValueError, match=r"One: .* is not allowed"):
        text(document(Statement(sid="One", actions=["s3:GetObject"], resources=[late])))
    reasoned = Statement(sid="One", actions=["s3:GetObject"], resources=[late], reason="because")
    assert json.loads(text(document(reasoned)))["Statement"][0]["Resource"] == [resource]


words = st.text("abcXYZ019:/-", min_size=1, max_size=20)


@given(words, st.lists(words, min_size=1, max_size=3), st.lists(words, max_size=3))
def test_without_a_wildcard_a_statement_is_what_was_said(sid: str, actions: list[str], resources: list[str]) -> None:
    made = Statement(sid=sid, actions=actions, resources=resources).as_json()
    assert made == {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        **({"Resource": resources} if resources else {}),
    }


def test_a_document_is_json_with_its_outputs_filled_in() -> None:
    name = pulumi.Output.from_input("a")
    one = Statement(
        sid="One",
        actions=["s3:GetObject"],
        resources=[pulumi.Output.format("arn:aws:s3:::{0}/*", name)],
        principals={"AWS": [pulumi.Output.format("arn:aws:iam::123456789012:role/{0}", name)]},
        conditions={"StringEquals": {"aws:SourceAccount": name}},
    )
    two = Statement(sid="Two", effect="Deny", actions=["s3:*"], resources=["*"])
    assert json.loads(text(document(one, two))) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "One",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Principal": {"AWS": ["arn:aws:iam::123456789012:role/a"]},
                "Resource": ["arn:aws:s3:::a/*"],
                "Condition": {"StringEquals": {"aws:SourceAccount": "a"}},
            },
            {"Sid": "Two", "Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]},
        ],
    }


def test_the_text_does_not_depend_on_the_order_of_keys() -> None:
    """Else an update would show a change where there is none."""
    made = [
        Statement(sid="A", actions=["a:b"], conditions={"StringEquals": keys, "Bool": {"c": "true"}})
        for keys in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    ]
    assert text(document(made[0])) == text(document(made[1]))


def test_a_sid_is_there_once() -> None:
    one = Statement(sid="One", actions=["s3:GetObject"])
    with pytest.raises(ValueError, match="One is not allowed: each sid once"):
        document(one, one)


def test_trust_of_services_names_them_alone() -> None:
    [statement] = json.loads(text(trust_service("eks.amazonaws.com")))["Statement"]
    assert statement["Principal"] == {"Service": ["eks.amazonaws.com"]}
    [statement] = json.loads(text(trust_pods()))["Statement"]
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
