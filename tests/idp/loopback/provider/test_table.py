"""The tables' language."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.loopback.provider.context import Context
from idp.loopback.provider.decode import decode, find
from idp.loopback.provider.schema import Kind, UnknownTypeError, load
from idp.loopback.provider.table import Call, If, Literal, Prop, Row, references
from idp.loopback.provider.values import UNKNOWN, Properties, Value


class Nothing:
    """A service without operations."""

    region = "here"
    account = "me"

    def member(self, service: str, operation: str, within: str, name: str) -> str | None:  # noqa: ARG002
        return None

    def encode(self, service: str, operation: str, members: Mapping[str, Value]) -> Properties:  # noqa: ARG002
        return dict(members)

    def send(self, service: str, operation: str, request: Properties, region: str) -> Properties:  # noqa: ARG002
        return request


ROW = Row("t", "s", "{a}/{b}", (Call("c"),), (Call("r"),), (), {"a": Prop(), "b": Prop(), "tags": Prop()})


def _context(**given_: Value) -> Context:
    return Context(Nothing(), ROW, "x/y/z", "here", dict(given_), {"tags": {"k": "1", "gone": "2"}})


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("$a", "A"),
        ("$missing", None),
        ("text", "text"),
        (True, True),
        ("{a}-{region}-{account}", "A-here-me"),
        ("{a}-{missing}", None),
        (Literal("$a"), "$a"),
        ("$list.1", "two"),
        ("$list.7", None),
        ("$tags.k", "1"),
        ("$removed.tags", ["gone"]),
        ("$changed.tags", {"new": "3"}),
        (["$a", "$missing"], ["A"]),
        (["$missing"], None),
        ([], []),
        ({"x": "$a", "y": "$missing"}, {"x": "A"}),
        ({"x": "$missing"}, None),
        ({}, {}),
        (If("$a", "yes", "no"), "yes"),
        (If("$off", "yes", "no"), "no"),
        (If("$missing", "yes"), None),
    ],
)
def test_templates(template: object, value: object) -> None:
    context = _context(a="A", off=False, list=["one", "two"], tags={"k": "1", "new": "3"})
    assert context.fill(template) == value


def test_properties_come_from_the_id_where_the_inputs_do_not_have_them() -> None:
    assert _context().fill("$a") == "x"
    assert _context().fill("$b") == "y/z"
    assert _context(a="other").fill("$a") == "other"


def test_unknown_makes_unknown() -> None:
    assert _context(a=UNKNOWN).fill("{a}-x") is UNKNOWN
    assert _context(a=UNKNOWN).fill("$a.b.c") is UNKNOWN


NAMES = st.text("abc-./:", min_size=1, max_size=6)


@given(NAMES.filter(lambda name: "/" not in name), NAMES)
def test_an_id_comes_apart_again(first: str, second: str) -> None:
    assert ROW.split(f"{first}/{second}") == {"a": first, "b": second}


@given(st.text(max_size=12))
def test_a_name_in_an_expression_can_say_nothing_else(name: str) -> None:
    row = Row("t", "s", "{a}", (), (), (), {"a": Prop()})
    context = Context(Nothing(), row, name, "here", {"a": name})
    call = Call(
        "read", {"list": [{"name": Literal(name)}, {"name": "another"}]}, pick="list[?name=={a}].name", by_name=False
    )
    expected = [name, "another"] if name == "another" else [name]
    assert context.run(call, {}) == expected


def test_references() -> None:
    template = {"a": ["$x.y", If("$z", "{u}-{v}", Literal("$no"))], "b": 1}
    assert sorted(references(template)) == ["u", "v", "x.y", "z"]


@pytest.mark.parametrize(
    ("name", "members", "found"),
    [
        ("cidrBlock", ("VpcId", "CidrBlock"), "CidrBlock"),
        ("clientIdLists", ("ClientIDList",), "ClientIDList"),
        ("nodeGroupName", ("nodegroupName",), "nodegroupName"),
        ("kmsMasterKeyId", ("KMSMasterKeyID",), "KMSMasterKeyID"),
        ("name", ("names", "Name"), "Name"),
        ("other", ("Name",), None),
    ],
)
def test_names(name: str, members: tuple[str, ...], found: str | None) -> None:
    assert find(name, dict.fromkeys(members)) == found


TEXT = Kind("string")


@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        (True, TEXT, "true"),
        ("7", Kind("integer"), 7),
        ("true", Kind("boolean"), True),
        ({"a": 1}, TEXT, '{"a": 1}'),
        (["x"], Kind("list", TEXT), ["x"]),
        ("x", Kind("list", TEXT), ["x"]),
        ([{"Key": "a", "Value": "b"}], Kind("map", TEXT), {"a": "b"}),
        ([{"TagKey": "a", "TagValue": "b"}], Kind("map", TEXT), {"a": "b"}),
        ([{"Inner": "x"}], Kind("object", fields={"inner": TEXT}), {"inner": "x"}),
        ({"Inner": "x", "More": 1}, Kind("object", fields={"inner": TEXT}), {"inner": "x"}),
        (None, TEXT, None),
    ],
)
def test_answers(value: object, kind: Kind, told: object) -> None:
    assert decode(value, kind) == told


@pytest.mark.parametrize("token", ["aws:ec2/vpc:Nope", "aws:nope/vpc:Vpc", "aws:ec2/other:Vpc", "nonsense", ""])
def test_unknown_types(token: str) -> None:
    with pytest.raises(UnknownTypeError):
        load("pulumi_aws", token)
