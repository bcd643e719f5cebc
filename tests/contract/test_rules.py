"""What holds for every rule, found by itself; a new rule file is tested without a line here."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.catalogue import Catalogue, load
from policies.evaluate import Outcome, evaluate_resource, evaluate_stack
from policies.plain import UNKNOWN, Plain
from policies.report import text
from policies.rule import NotYetKnown, Resource, Rule, StackRule, Violation

CATALOGUE = load()
FILES = {path.stem for path in (Path(__file__).resolve().parents[2] / "policies" / "rules").glob("*.py")} - {"__init__"}
RULES = pytest.mark.parametrize("rule", CATALOGUE.rules, ids=lambda rule: rule.id)


def _outcomes(rule: Rule | StackRule, sample: Resource | tuple[Resource, ...]) -> list[Outcome]:
    """Judge a sample as the pack does, by this rule alone."""
    alone = Catalogue((rule,))
    if isinstance(sample, Resource):
        return list(evaluate_resource(alone, sample))
    return list(evaluate_stack(alone, sample))


def _resources(rule: Rule | StackRule) -> list[Resource]:
    samples = [*rule.passing, *rule.failing]
    return [one for sample in samples for one in (sample if isinstance(sample, tuple) else (sample,))]


def test_every_file_is_a_rule() -> None:
    assert [rule.id for rule in CATALOGUE.rules] == sorted(FILES)
    assert len(FILES) >= 6


@RULES
def test_documents_itself(rule: Rule | StackRule) -> None:
    for words in (rule.title, rule.why, rule.remedy, rule.types.describe()):
        assert words.strip() == words
        assert words
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.remedy.endswith(".")
    assert all(len(standard.split()) >= 3 for standard in rule.standards), "a standard is named with version and id"
    assert len(set(rule.standards)) == len(rule.standards)


@RULES
def test_titles_are_unique(rule: Rule | StackRule) -> None:
    assert [other.id for other in CATALOGUE.rules if other.title == rule.title] == [rule.id]


@RULES
def test_has_samples_that_it_looks_at(rule: Rule | StackRule) -> None:
    assert len(rule.passing) >= 2
    assert len(rule.failing) >= 2
    assert all(rule.types.match(resource.type) for resource in _resources(rule))


@RULES
def test_passing_samples_pass(rule: Rule | StackRule) -> None:
    for sample in rule.passing:
        assert _outcomes(rule, sample) == []


@RULES
def test_failing_samples_are_refused(rule: Rule | StackRule) -> None:
    for sample in rule.failing:
        outcomes = _outcomes(rule, sample)
        assert outcomes
        assert all(isinstance(outcome.finding, Violation) for outcome in outcomes)


@RULES
def test_messages_say_where_what_is_allowed_and_the_remedy(rule: Rule | StackRule) -> None:
    for sample in rule.failing:
        for outcome in _outcomes(rule, sample):
            message = text(outcome)
            assert message.startswith(f"{rule.id} ({rule.severity.value}) on ")
            assert outcome.resource is not None
            assert f" on {outcome.resource.name}" in message
            assert "allowed" in message
            assert message.endswith(f"\n  Remedy: {rule.remedy}")


@RULES
def test_a_failing_sample_that_is_unknown_is_never_fine(rule: Rule | StackRule) -> None:
    """Hide each leaf and each subtree of each failing sample: the rule refuses, or says that it does not know yet."""
    for sample in rule.failing:
        whole = (sample,) if isinstance(sample, Resource) else sample
        for index, resource in enumerate(whole):
            for props in _hidden(resource.props):
                changed = Resource(**{**vars(resource), "props": props})
                hidden = (*whole[:index], changed, *whole[index + 1 :])
                outcomes = _outcomes(rule, hidden[0] if isinstance(sample, Resource) else hidden)
                assert outcomes, props
                assert all(isinstance(outcome.finding, Violation | NotYetKnown) for outcome in outcomes)


def _hidden(value: Plain) -> list[dict[str, Plain]]:
    """All copies of a mapping in which one value, at any depth, is unknown."""
    assert isinstance(value, dict)
    return [copy for copy in _copies(value) if isinstance(copy, dict)]


def _copies(value: Plain) -> list[Plain]:
    if isinstance(value, dict):
        return [{**value, key: changed} for key, inner in value.items() for changed in (UNKNOWN, *_copies(inner))]
    if isinstance(value, list):
        return [
            [*value[:index], changed, *value[index + 1 :]]
            for index, inner in enumerate(value)
            for changed in (UNKNOWN, *_copies(inner))
        ]
    return []
