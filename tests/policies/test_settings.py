"""A rule that needs something of the environment is silent without it, here and in the API server."""

from __future__ import annotations

import json
from dataclasses import replace

from policies.admission import admission, left_out
from policies.catalogue import Catalogue
from policies.demand import REGISTRIES
from policies.evaluate import evaluate_resource, evaluate_stack
from policies.rule import StackRule, Violation
from policies.rules.image_registry import RULE
from policies.samples import workload
from policies.settings import NOTHING, Settings

ALONE = Catalogue((RULE,))
POD = workload("Pod", {"containers": [{"image": "elsewhere/app:1"}]})
KNOWN = Settings(registries=("registry.example/team/", 'a"b/'))


def test_a_resource_rule_is_silent_without_its_setting() -> None:
    assert POD.settings is NOTHING
    assert list(evaluate_resource(ALONE, POD)) == []
    assert len(list(evaluate_resource(ALONE, replace(POD, settings=KNOWN)))) == 1


def test_a_stack_rule_sees_no_resource_without_its_setting() -> None:
    everything = StackRule(
        **{
            **vars(RULE),
            "check": lambda resources: [Violation("allowed is none", "", found) for found in resources],
            "passing": (),
            "failing": (),
        }
    )
    found = list(evaluate_stack(Catalogue((everything,)), [POD, replace(POD, settings=KNOWN)]))
    assert [outcome.resource.settings for outcome in found if outcome.resource] == [KNOWN]


def test_nothing_is_not_the_same_as_none_allowed() -> None:
    assert not RULE.is_silent(Settings(registries=()))
    assert RULE.is_silent(NOTHING)


def test_the_api_server_gets_the_registries_as_a_list() -> None:
    (policy,) = admission(ALONE, KNOWN)
    assert KNOWN.registries is not None
    assert dict(policy.variables)[REGISTRIES.removeprefix("variables.")] == json.dumps(list(KNOWN.registries))
    assert all(REGISTRIES in validation.expression for validation in policy.validations)
    assert left_out(ALONE, KNOWN) == ()


def test_without_registries_the_api_server_does_not_hear_of_the_rule() -> None:
    assert admission(ALONE) == ()
    assert left_out(ALONE) == (RULE,)
