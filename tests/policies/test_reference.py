from __future__ import annotations

import re
from pathlib import Path

import pytest

from policies.catalogue import Catalogue
from policies.evaluate import evaluate_resource
from policies.reference import BEGIN, END, PAGE, renewed, table
from policies.report import refuses
from policies.rule import Rule
from policies.rules import __path__ as rules

RULES = Path(next(iter(rules)))


def test_the_page_is_current(catalogue: Catalogue) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page, catalogue) == page, "run: python -m policies.reference"


def test_the_table_has_every_rule(catalogue: Catalogue) -> None:
    rows = table(catalogue).splitlines()
    assert len(rows) == len(catalogue.rules) + 2
    assert {row.count("|") for row in rows} == {7}


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_marks(page: str, catalogue: Catalogue) -> None:
    with pytest.raises(ValueError, match="a mark is missing"):
        renewed(page, catalogue)


def test_the_example_of_the_page_is_a_rule() -> None:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found: dict[str, object] = {}
    exec(compile(source, "docs/policies.md", "exec"), found)  # noqa: S102
    rule = found["RULE"]
    assert isinstance(rule, Rule)
    assert source == (RULES / f"{rule.id}.py").read_text(encoding="utf-8")
    alone = Catalogue((rule,))
    assert not [found for sample in rule.passing for found in evaluate_resource(alone, sample)]
    assert all(any(map(refuses, evaluate_resource(alone, sample))) for sample in rule.failing)
