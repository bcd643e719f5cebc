from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.toolchain.versions import fits, parse

NUMBERS = st.lists(st.integers(0, 999), min_size=1, max_size=4)


def dotted(numbers: list[int]) -> str:
    return ".".join(map(str, numbers))


@pytest.mark.parametrize(
    ("version", "rule", "expected"),
    [
        ("3.258.9", ">=3.259,<4", False),
        ("3.259.0", ">=3.259,<4", True),
        ("v3.259", ">=3.259,<4", True),
        ("3.300.1", ">=3.259,<4", True),
        ("4.0.0", ">=3.259,<4", False),
        ("1.33.0", "==1.33.*", True),
        ("1.33.99", "==1.33.*", True),
        ("1.34.0", "==1.33.*", False),
        ("1.3.3", "==1.33.*", False),
        ("2.33", "==1.33.*", False),
        ("4.25.0", "==4.25.0", True),
        ("4.25", "==4.25.0", True),
        ("4.25.1", "==4.25.0", False),
        ("1.6.20~ds1", ">=1.6,<2", True),
        ("1.1.5+ds1", ">=1.1,<2", True),
        ("2.0.0-rc.1", ">=1.6,<2", False),
        ("1", "", True),
    ],
)
def test_fits(version: str, rule: str, expected: bool) -> None:
    assert fits(version, rule) is expected


@given(NUMBERS, NUMBERS)
def test_a_bound_splits_all_versions_in_two(version: list[int], bound: list[int]) -> None:
    assert fits(dotted(version), f">={dotted(bound)}") is not fits(dotted(version), f"<{dotted(bound)}")


@given(NUMBERS, st.integers(0, 3))
def test_trailing_zeros_do_not_matter(version: list[int], zeros: int) -> None:
    assert fits(dotted(version + [0] * zeros), f"=={dotted(version)}")


@given(NUMBERS, NUMBERS)
def test_a_wildcard_takes_every_version_that_begins_so(prefix: list[int], rest: list[int]) -> None:
    assert fits(dotted(prefix + rest), f"=={dotted(prefix)}.*")
    assert not fits(dotted([prefix[0] + 1, *prefix[1:], *rest]), f"=={dotted(prefix)}.*")


@pytest.mark.parametrize("rule", ["~=1", "1.2", ">=", ">1", "<2.*", ">=x"])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        fits("1.0", rule)


@pytest.mark.parametrize("version", ["", "dev", "-1", "unknown"])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="must begin with a number"):
        parse(version)
