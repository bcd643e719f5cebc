"""What counts as an amount, against an independent reading of Kubernetes' quantities."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies.condition import AboveZero, Field, Scope, StartsWith
from policies.plain import UNKNOWN, Plain

AMOUNT = AboveZero(Field("item", "amount"))
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {f"{name}i": 2 ** (10 * power) for power, name in enumerate("KMGTPE", 1)}

numbers = st.builds(
    lambda sign, whole, dot, part: f"{sign}{whole}{dot and f'.{part}'}",
    st.sampled_from(["", "+", "-"]),
    st.text("0123456789", min_size=1, max_size=4),
    st.booleans().map(lambda has: "." if has else ""),
    st.text("0123456789", max_size=3),
)
exponents = st.integers(-12, 12).flatmap(lambda power: st.sampled_from([f"e{power}", f"E{power}"]))


def _judged(value: Plain) -> object:
    return AMOUNT.truth(Scope({"item": {"amount": value}}))


@given(numbers, st.sampled_from([*DECIMAL, *BINARY]) | exponents)
@example("0", "E")
@example("1", "E")
def test_a_quantity_counts_if_its_value_is_above_zero(number: str, suffix: str) -> None:
    factor = Decimal(BINARY[suffix]) if suffix in BINARY else Decimal(10) ** DECIMAL.get(suffix, 0)
    value = Decimal(number + suffix) if suffix[:1] in "eE" and suffix[1:] not in ("", "i") else Decimal(number) * factor
    assert _judged(number + suffix) is (value > 0)


@pytest.mark.parametrize("text", ["", "Mi", "1 Mi", "1mi", "1KI", "e3", "1e", "1.2.3", "0x1", "one", "1Mi\n", "1e3Mi"])
def test_what_is_no_quantity_does_not_count(text: str) -> None:
    assert _judged(text) is False


@given(st.integers() | st.floats())
def test_a_number_counts_if_it_is_above_zero(number: float) -> None:
    assert _judged(number) is (number > 0)


@pytest.mark.parametrize("value", [None, True, [], {}, ["1"]])
def test_what_is_neither_text_nor_number_does_not_count(value: Plain) -> None:
    assert _judged(value) is False


def test_what_is_not_known_is_not_judged() -> None:
    assert _judged(UNKNOWN) is None


@given(st.text(max_size=4) | st.just(UNKNOWN) | st.none(), st.text(max_size=2) | st.just(UNKNOWN))
def test_a_beginning_is_that_of_text(value: Plain, beginning: Plain) -> None:
    found = StartsWith(Field("item", "a"), Field("item", "b")).truth(Scope({"item": {"a": value, "b": beginning}}))
    if value is UNKNOWN or beginning is UNKNOWN:
        assert found is None
    else:
        assert found is (isinstance(value, str) and value.startswith(str(beginning)))
