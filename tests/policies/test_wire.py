"""The engine's messages become plain data, whatever is marked in them."""

from __future__ import annotations

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2

from policies import wire
from policies.plain import UNKNOWN, Plain
from policies.settle import settled

LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    LEAVES | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=5), JSON, max_size=4)


def struct(members: dict[str, object]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(members)
    return made


def marked(value: object, draw: st.DataObject) -> object:
    """Return `value` with marks around parts of it that change nothing of what is there."""
    if isinstance(value, dict):
        value = {key: marked(each, draw) for key, each in value.items()}
    elif isinstance(value, list):
        value = [marked(each, draw) for each in value]
    mark = draw.draw(st.sampled_from((None, None, wire.SECRET, wire.OUTPUT)))
    return value if mark is None else {wire.SIGNATURE: mark, "value": value, "secret": True, "dependencies": ["urn"]}


def hidden(value: Plain, draw: st.DataObject) -> Plain:
    """Return `value` with parts of it unknown, but none of them that is nothing."""
    if value is not None and draw.draw(st.integers(0, 3)) == 0:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: hidden(each, draw) for key, each in value.items()}
    if isinstance(value, list):
        return [hidden(each, draw) for each in value]
    return value


@given(OBJECTS)
def test_plain_values_arrive_as_they_are(members: dict[str, object]) -> None:
    found = wire.properties(struct(members))
    assert found == members
    assert not [value for value in found.values() if isinstance(value, float) and value.is_integer()]


@given(OBJECTS, st.data())
def test_marks_change_nothing_wherever_they_are(members: dict[str, object], draw: st.DataObject) -> None:
    sent = {key: marked(value, draw) for key, value in members.items()}
    assert wire.properties(struct(sent)) == members


@pytest.mark.parametrize("sentinel", sorted(wire.UNKNOWNS))
@pytest.mark.parametrize("mark", [None, wire.SECRET, wire.OUTPUT])
def test_what_is_not_known_is_unknown(sentinel: str, mark: str | None) -> None:
    value = sentinel if mark is None else {wire.SIGNATURE: mark, "value": sentinel}
    found = wire.properties(struct({"a": value, "b": [value], "c": {"d": value, "e": f"not {sentinel}"}}))
    assert found == {"a": UNKNOWN, "b": [UNKNOWN], "c": {"d": UNKNOWN, "e": f"not {sentinel}"}}


def test_an_output_without_a_value_is_unknown() -> None:
    assert wire.properties(struct({"a": {wire.SIGNATURE: wire.OUTPUT, "secret": True}})) == {"a": UNKNOWN}


@pytest.mark.parametrize(
    "held", [{"text": "x"}, {"path": "a"}, {"uri": "u"}, {"assets": {"a": {wire.SIGNATURE: wire.ASSET, "text": "x"}}}]
)
@pytest.mark.parametrize("mark", [wire.ASSET, wire.ARCHIVE])
def test_files_are_nothing_a_rule_could_take_for_text(mark: str, held: dict[str, object]) -> None:
    found = wire.properties(struct({"a": {wire.SIGNATURE: mark, "hash": "h", **held}, "b": "text"}))
    assert found == {"a": None, "b": "text"}


def test_a_reference_is_the_id_or_the_urn_of_what_has_none() -> None:
    component = {wire.SIGNATURE: wire.RESOURCE, "urn": "urn:one"}
    found = wire.properties(struct({"a": {**component, "id": "i-1"}, "b": component, "c": {**component, "id": ""}}))
    assert found == {"a": "i-1", "b": "urn:one", "c": ""}


@pytest.mark.parametrize("mark", ["", "5cf8", "canary", wire.SECRET, wire.RESOURCE])
def test_what_is_of_no_known_kind_is_an_error_that_quotes_nothing(mark: str) -> None:
    with pytest.raises(wire.UnreadableError) as raised:
        wire.properties(struct({"a": [{wire.SIGNATURE: mark, "canary-key": "canary"}]}))
    assert "canary" not in str(raised.value)


def test_the_provider_is_named_and_its_credentials_stay_where_they_are() -> None:
    made_by = analyzer_pb2.AnalyzerProviderResource(
        type="pulumi:providers:x", name="x", urn="urn:x", properties=struct({"token": "canary"})
    )
    found = wire.resource(analyzer_pb2.AnalyzeRequest(type="a:b:C", name="c", urn="urn:c", provider=made_by))
    assert (found.type, found.name, found.urn, found.props) == ("a:b:C", "c", "urn:c", {})
    assert "canary" not in str(found)
    assert wire.resource(analyzer_pb2.AnalyzerResource(type="a:b:C")).provider is None


@given(OBJECTS, st.data())
def test_what_was_made_fills_what_was_unknown(members: dict[str, Plain], draw: st.DataObject) -> None:
    wanted = {key: hidden(value, draw) for key, value in members.items()}
    assert settled(wanted, members) == members
    assert settled(members, {}) == members
    assert settled(wanted, {}) == wanted


@pytest.mark.parametrize("made", [[], ["x"], ["x", "y", "z"], "text", {"a": 1}, None, UNKNOWN])
def test_a_list_that_came_out_otherwise_settles_nothing(made: Plain) -> None:
    assert settled({"a": [UNKNOWN, "b"]}, {"a": made}) == {"a": [UNKNOWN, "b"]}
