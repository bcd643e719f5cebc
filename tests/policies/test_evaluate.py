"""A rule that raises is reported and stops nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pytest

from policies.catalogue import Catalogue
from policies.evaluate import Failure, evaluate_resource, evaluate_stack
from policies.kinds import Anything, kubernetes
from policies.plain import UNKNOWN, Plain
from policies.report import refuses, text
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, StackRule, Violation

SECRET = "s3cr3t-canary"  # noqa: S105


def _rule(name: str, check: object, **more: object) -> Rule:
    about = {"title": "t", "severity": Severity.LOW, "why": "w.", "remedy": "r.", "types": Anything()}
    return Rule(**{"id": name, "check": check, "passing": (), "failing": (), **about, **more})  # type: ignore[arg-type]


def _finds(resource: Resource) -> Iterator[Finding]:
    yield Violation("wrong; allowed is right", "a", resource)


def _finds_then_raises(resource: Resource) -> Iterator[Finding]:
    yield Violation("wrong; allowed is right", "a")
    raise KeyError(resource.props["password"])


def _resource(**props: Plain) -> Resource:
    return Resource("kubernetes:core/v1:Secret", "thing", props, urn="urn:thing")


def test_rules_around_a_raising_one_still_run() -> None:
    catalogue = Catalogue((_rule("a", _finds), _rule("b", _finds_then_raises), _rule("c", _finds)))
    outcomes = list(evaluate_resource(catalogue, _resource(password=SECRET)))
    assert [outcome.rule.id for outcome in outcomes] == ["a", "b", "b", "c"]
    assert outcomes[2].finding == Failure("KeyError")
    assert all(refuses(outcome) for outcome in outcomes)
    assert text(outcomes[2]) == "rule b could not be evaluated on thing: KeyError"
    assert SECRET not in "".join(text(outcome) for outcome in outcomes)


def _deep(resource: Resource) -> Iterator[Finding]:
    yield from _deep(resource)


@pytest.mark.parametrize("check", [_deep, lambda _: 1 / 0, lambda _: None, lambda _: ["text"]])
def test_any_way_to_fail_refuses(check: object) -> None:
    outcomes = list(evaluate_resource(Catalogue((_rule("bad", check),)), _resource()))
    assert [refuses(outcome) for outcome in outcomes] == [True]
    assert "rule bad could not be evaluated on thing: " in text(outcomes[0])


def test_a_raising_stack_rule_names_the_stack() -> None:
    def check(_: Sequence[Resource]) -> Iterator[Finding]:
        raise ValueError(SECRET)

    rule = _rule("r", None)
    stack = StackRule(**{**vars(rule), "check": check})
    (outcome,) = evaluate_stack(Catalogue((stack,)), [_resource()])
    assert text(outcome) == "rule r could not be evaluated on the stack: ValueError"


def test_a_list_is_seen_item_by_item() -> None:
    seen: list[Resource] = []

    def check(resource: Resource) -> Iterator[Finding]:
        seen.append(resource)
        yield Violation("wrong; allowed is right", "metadata.name")

    catalogue = Catalogue((_rule("r", check, types=kubernetes(Pod="core")),))
    items: list[Plain] = [{"a": 1}, UNKNOWN, "junk", {"a": 2}]
    outcomes = list(evaluate_resource(catalogue, Resource("kubernetes:core/v1:PodList", "all", {"items": items})))
    assert [(found.kind, found.props, found.path) for found in seen] == [
        ("Pod", {"a": 1}, "items[0]"),
        ("Pod", {"a": 2}, "items[3]"),
    ]
    assert "on all, items[3].metadata.name: wrong" in text(outcomes[-1])
    assert [outcome.finding for outcome in outcomes if isinstance(outcome.finding, NotYetKnown)] == [
        NotYetKnown("items[1]")
    ]


def test_a_list_that_is_unknown_is_not_fine() -> None:
    catalogue = Catalogue((_rule("r", _finds, types=kubernetes(Pod="core")),))
    (outcome,) = evaluate_resource(catalogue, Resource("kubernetes:core/v1:PodList", "all", {"items": UNKNOWN}))
    assert not refuses(outcome)
    assert text(outcome) == "r on all, items is not yet known; checked again on the update"


def test_patch_is_told_apart() -> None:
    seen: list[Resource] = []

    def check(resource: Resource) -> Iterable[Finding]:
        seen.append(resource)
        return ()

    catalogue = Catalogue((_rule("r", check, types=kubernetes(Pod="core")),))
    for kind in ("Pod", "PodPatch"):
        assert list(evaluate_resource(catalogue, Resource(f"kubernetes:core/v1:{kind}", "p", {}))) == []
    assert [found.patch for found in seen] == [False, True]
