from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from environments.quantities import MEMORY_UNITS, as_cpu, as_memory, in_bytes, millicores
from environments.vocabulary import CpuQuantity, MemoryQuantity

CPU = TypeAdapter(CpuQuantity)
MEMORY = TypeAdapter(MemoryQuantity)


@given(st.integers(1, 9_999_999))
def test_a_cpu_in_thousandths_is_that_many_millicores(amount: int) -> None:
    assert millicores(CPU.validate_python(f"{amount}m")) == amount


@given(st.decimals(Decimal("0.001"), Decimal("9999.999"), places=3), st.integers(0, 3))
def test_a_cpu_in_cores_agrees_with_decimal_arithmetic(amount: Decimal, places: int) -> None:
    rounded = round(amount, places)
    if rounded == 0 or rounded >= 10_000:
        return
    text = f"{rounded:.{places}f}"
    assert millicores(CPU.validate_python(text)) == Decimal(text) * 1000


@given(st.integers(1, 999_999_999), st.sampled_from(sorted(MEMORY_UNITS)))
def test_memory_agrees_with_decimal_arithmetic(number: int, unit: str) -> None:
    base, power = (Decimal(1024), "KMGT") if unit.endswith("i") else (Decimal(1000), "kMGT")
    expected = Decimal(number) * base ** (power.index(unit[0]) + 1)
    assert in_bytes(MEMORY.validate_python(f"{number}{unit}")) == expected


@given(st.integers(1, 10_000_000 - 1))
def test_written_cpu_reads_back_the_same(amount: int) -> None:
    assert millicores(as_cpu(amount)) == amount


@given(st.integers(1, 2**50))
def test_written_memory_holds_the_amount_and_less_than_a_unit_more(amount: int) -> None:
    assert 0 <= in_bytes(as_memory(amount)) - amount < MEMORY_UNITS["Ki"]


@pytest.mark.parametrize(
    ("smaller", "larger"), [("999m", "1"), ("0.5", "501m"), ("1.25", "1.3"), ("2", "10"), ("1", "1001m")]
)
def test_cpus_are_compared_by_size_not_by_spelling(smaller: str, larger: str) -> None:
    assert millicores(smaller) < millicores(larger)


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [("1000Mi", "1Gi"), ("1G", "1Gi"), ("1M", "1Mi"), ("1k", "1Ki"), ("9Gi", "10Gi"), ("1023Gi", "1Ti")],
)
def test_memories_are_compared_by_size_not_by_spelling(smaller: str, larger: str) -> None:
    assert in_bytes(smaller) < in_bytes(larger)
