"""The resources that policies are measured over: many kinds, in turn, and all of them judged."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from benchmarks import mixed
from policies.catalogue import load
from policies.rule import Rule

VERSIONS = {"kubernetes": "4.25.0", "aws": "7.0.0"}
CATALOGUE = load()


@pytest.mark.parametrize("count", [1, 20, 1000])
def test_kinds_take_turns(count: int) -> None:
    found = mixed.resources(count)
    assert len(found) == len({(token, name) for token, name, _ in found}) == count
    often = Counter(token for token, _, _ in found)
    assert max(often.values()) - min(often.values()) <= 1
    assert {token.partition(":")[0] for token in often} <= VERSIONS.keys()


def test_the_program_is_told_all_of_it() -> None:
    given = json.loads(mixed.document(100, VERSIONS))
    assert {name: version for name, (version, _) in given["providers"].items()} == VERSIONS
    assert given["resources"] == json.loads(json.dumps(mixed.resources(100)))
    compile(mixed.PROGRAM, "__main__.py", "exec")


def test_each_is_judged() -> None:
    for token, _, _ in mixed.resources(100):
        assert CATALOGUE.for_type(token), token


def test_rules_about_pods_have_work() -> None:
    """At least a quarter of all resources carry containers, as in a platform."""
    found = mixed.resources(1000)
    image = next(rule for rule in CATALOGUE.rules if isinstance(rule, Rule) and rule.id == "image_pinned")
    assert sum(image.types.match(token) is not None for token, _, _ in found) > 250
