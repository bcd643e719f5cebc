"""Property values: what is packed comes out again, secrets and unknown values included."""

from __future__ import annotations

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from idp.loopback.provider.values import UNKNOWN, UnsupportedValueError, contains_unknown, pack, strings, unpack

KEYS = st.text("abcdefg", min_size=1, max_size=4)
LEAVES = st.one_of(
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer()),
    st.text(max_size=8),
    st.just(UNKNOWN),
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
PROPERTIES = st.dictionaries(KEYS, VALUES, max_size=5)


@given(PROPERTIES)
def test_packed_and_unpacked(properties: dict[str, object]) -> None:
    told = unpack(pack(properties))
    assert told.properties == properties
    assert told.secret == frozenset()


@given(PROPERTIES, st.sets(KEYS))
def test_secrets_are_marked_and_known(properties: dict[str, object], names: set[str]) -> None:
    secret = frozenset(names & set(properties))
    told = unpack(pack(properties, secret))
    assert told.properties == properties
    assert told.secret == secret
    assert told.plaintexts == {text for name in secret for text in strings(properties[name])}


@given(VALUES)
def test_unknown_is_found_wherever_it_is(value: object) -> None:
    assert contains_unknown(value) == ("unknown" in repr(value).replace("'unknown'", ""))


def test_whole_numbers_are_integers() -> None:
    struct = struct_pb2.Struct()
    struct.update({"port": 443.0, "share": 0.5})
    told = unpack(struct).properties
    assert repr(told) == repr({"port": 443, "share": 0.5}) or repr(told) == repr({"share": 0.5, "port": 443})


def test_nulls_are_nothing() -> None:
    struct = struct_pb2.Struct()
    json_format.ParseDict({"a": None, "b": {"c": None}}, struct)
    assert unpack(struct).properties == {"b": {}}


def test_secret_inside_a_list() -> None:
    tag = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hush"}
    struct = struct_pb2.Struct()
    json_format.ParseDict({"a": ["plain", tag]}, struct)
    told = unpack(struct)
    assert told.properties == {"a": ["plain", "hush"]}
    assert told.secret == {"a"}
    assert told.plaintexts == {"hush"}


def test_assets_are_refused() -> None:
    struct = struct_pb2.Struct()
    json_format.ParseDict(
        {"a": {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "x"}}, struct
    )
    with pytest.raises(UnsupportedValueError):
        unpack(struct)
