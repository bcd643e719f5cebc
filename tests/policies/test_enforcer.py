"""Exemptions, levels and the baseline, over whatever rules find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from policies.catalogue import load
from policies.enforcement import Level
from policies.enforcer import Decision, Enforcer, Exemption, Known, Policies, Standing
from policies.evaluate import Failure, Outcome
from policies.pattern import Pattern, pattern
from policies.plain import Plain
from policies.report import because, refuses
from policies.rule import Finding, NotYetKnown, Resource, Violation

RULES = {rule.id: rule for rule in load().rules}
STACK = "urn:pulumi:dev.workspaces::idp::pulumi:pulumi:Stack::idp-dev.workspaces"
TODAY = date(2026, 11, 25)
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NAMES = ["shop-web", "shop-api", "pay"]
SPACES = ["shop", "shop-2", "pay"]


def urn(name: str, chain: str = DEPLOYMENT, stack: str = "dev.workspaces") -> str:
    return f"urn:pulumi:{stack}::idp::{chain}::{name}"


def resource(name: str = "shop-web", space: Plain = "shop", chain: str = DEPLOYMENT) -> Resource:
    return Resource(chain.rpartition("$")[2], name, {"metadata": {"namespace": space}}, urn(name, chain))


def the(text: str) -> Pattern:
    found = pattern(text)
    assert found is not None, text
    return found


def exemption(control: str = "image_pinned", where: str | None = None, expires: date = TODAY) -> Exemption:
    return Exemption(control, the(where or urn("shop-web")), "team-shop", "The vendor's next release", expires)


def outcome(finding: Finding | Failure, control: str = "image_pinned", on: Resource | None = None) -> Outcome:
    return Outcome(RULES[control], finding, on or resource())


VIOLATION = Violation("has no version; allowed is one", "spec.image")


def enforcer(policies: Policies, today: date = TODAY) -> Enforcer:
    return Enforcer(policies, STACK, today)


def decide(running: Enforcer, told: Iterable[Outcome], *, final: bool = False) -> list[Decision]:
    return [running.decide(outcome, final=final) for outcome in told]


def standings(policies: Policies, *outcomes: Outcome, final: bool = False, today: date = TODAY) -> list[Standing]:
    return [one.standing for one in decide(enforcer(policies, today), outcomes, final=final)]


controls = st.sampled_from(sorted(RULES))
findings: st.SearchStrategy[Finding | Failure] = st.one_of(
    st.builds(Violation, st.just("allowed is right"), st.sampled_from(["a", "b"])),
    st.builds(NotYetKnown, st.sampled_from(["a", "b"])),
    st.just(Failure("KeyError")),
)
resources = st.builds(resource, st.sampled_from(NAMES), st.sampled_from(SPACES))
outcomes = st.lists(
    st.builds(lambda control, finding, on: Outcome(RULES[control], finding, on), controls, findings, resources),
    max_size=12,
)
patterns = st.sampled_from(
    [urn("shop-web"), urn("shop-*"), urn("*pa*"), "namespace:workspaces/shop", "namespace:workspaces/*p*"]
).map(the)
days = st.integers(-3, 3).map(lambda days: TODAY + timedelta(days))
exemptions = st.builds(Exemption, controls, patterns, st.just("team-a"), st.just("because"), days)
levels = st.sampled_from(Level)
parts = st.builds(
    Policies,
    level=levels,
    controls=st.dictionaries(controls, levels),
    strict=st.booleans(),
    exemptions=st.lists(exemptions, max_size=4, unique_by=lambda one: (one.control, one.resource)).map(tuple),
)


def _names(one: Exemption, of: Outcome) -> bool:
    assert of.resource
    return one.control == of.rule.id and one.resource.matches(of.resource.urn, of.resource)


@given(parts, outcomes, st.booleans())
def test_an_exempted_finding_never_refuses_and_an_expired_exemption_excuses_nothing(
    policies: Policies, found: list[Outcome], final: bool
) -> None:
    valid = [one for one in policies.exemptions if one.expires >= TODAY]
    for decision in decide(enforcer(policies), found, final=final):
        excused = [one for one in valid if _names(one, decision.outcome)]
        if excused:
            assert decision.standing is not Standing.REFUSED
        assert (decision.standing is Standing.EXEMPTED) <= bool(excused)
        assert decision.exemption in [*excused, None]


@given(parts, outcomes, exemptions, st.booleans())
def test_nothing_else_is_affected_by_an_exemption(
    policies: Policies, found: list[Outcome], more: Exemption, final: bool
) -> None:
    without = replace(policies, exemptions=tuple(one for one in policies.exemptions if one.control != more.control))
    with_it = replace(without, exemptions=(*without.exemptions, more))
    before = standings(without, *found, final=final)
    after = standings(with_it, *found, final=final)
    changed = [one for one, old, new in zip(found, before, after, strict=True) if old is not new]
    assert all(_names(more, one) for one in changed)
    assert not changed or more.expires >= TODAY


@given(outcomes, st.booleans())
def test_what_no_environment_says_anything_about_refuses_every_violation(found: list[Outcome], final: bool) -> None:
    refused = [standing is Standing.REFUSED for standing in standings(Policies(), *found, final=final)]
    assert refused == [refuses(one) for one in found]


@given(parts, outcomes)
def test_a_mandatory_control_refuses_whatever_is_not_exempt(policies: Policies, found: list[Outcome]) -> None:
    for decision in decide(enforcer(policies), found):
        if policies.enforced(decision.outcome.rule.id) is Level.MANDATORY and refuses(decision.outcome):
            assert decision.standing in (Standing.REFUSED, Standing.EXEMPTED)


def test_an_exemption_holds_on_its_last_day_and_not_a_day_longer() -> None:
    policies = Policies(exemptions=(exemption(),))
    for days, standing in ((-1, Standing.EXEMPTED), (0, Standing.EXEMPTED), (1, Standing.REFUSED)):
        today = TODAY + timedelta(days)
        assert standings(policies, outcome(VIOLATION), today=today) == [standing]
        expired = enforcer(policies, today).expired()
        assert expired == (() if standing is Standing.EXEMPTED else policies.exemptions)


def test_an_expired_exemption_is_told_although_it_names_nothing() -> None:
    assert enforcer(Policies(exemptions=(exemption(),)), TODAY + timedelta(1)).expired()


def test_exemptions_of_other_layers_are_not_of_this_stack() -> None:
    other = exemption(where=urn("shop-web", stack="dev.platform"))
    spaces = exemption(where="namespace:platform/shop")
    running = enforcer(Policies(exemptions=(other, spaces)), TODAY + timedelta(1))
    assert [one.standing for one in decide(running, [outcome(VIOLATION)])] == [Standing.REFUSED]
    assert (running.expired(), running.uses()) == ((), ())


def test_every_exemption_is_listed_with_what_it_excused() -> None:
    used, unused = exemption(), exemption("rbac_wildcard")
    running = enforcer(Policies(exemptions=(used, unused)))
    told = [outcome(VIOLATION), outcome(VIOLATION), outcome(replace(VIOLATION, path="b"))]
    assert len(decide(running, told)) == 3
    assert [(one.exemption, one.findings, one.unused) for one in running.uses()] == [
        (used, 2, False),
        (unused, 0, True),
    ]


def test_an_exemption_is_not_unused_while_something_is_not_known() -> None:
    running = enforcer(Policies(exemptions=(exemption(),)))
    assert [one.standing for one in decide(running, [outcome(NotYetKnown("a"))])] == [Standing.ADVISORY]
    assert [(one.findings, one.unused) for one in running.uses()] == [(0, False)]


def test_strict_refuses_what_the_update_does_not_know() -> None:
    hidden = outcome(NotYetKnown("spec.image"))
    for strict in (False, True):
        for final in (False, True):
            for level in Level:
                policies = Policies(level=level, strict=strict)
                [standing] = standings(policies, hidden, final=final)
                refused = strict and final and level is Level.MANDATORY
                assert standing is (Standing.REFUSED if refused else Standing.ADVISORY)
    exempt = Policies(strict=True, exemptions=(exemption(),))
    assert standings(exempt, hidden, final=True) == [Standing.EXEMPTED]


def _baseline(count: int = 1, name: str = "shop-web", stack: str = "dev.workspaces") -> Policies:
    return Policies(baseline=(Known("image_pinned", urn(name, stack=stack), count),))


@given(st.integers(1, 5), st.integers(0, 8))
def test_the_baseline_lets_so_many_findings_through_as_it_lists(listed: int, found: int) -> None:
    told = [outcome(replace(VIOLATION, message=str(number // 2), path=str(number % 2))) for number in range(found)]
    known = [standing is Standing.ADVISORY for standing in standings(_baseline(listed), *told)]
    assert known == [number < listed for number in range(found)]


@given(st.integers(1, 4), st.lists(st.sampled_from("abcde"), max_size=12))
def test_what_comes_again_counts_once(listed: int, paths: list[str]) -> None:
    told = [outcome(replace(VIOLATION, path=path)) for path in paths]
    excused = {path for path in dict.fromkeys(paths) if list(dict.fromkeys(paths)).index(path) < listed}
    expected = [Standing.ADVISORY if path in excused else Standing.REFUSED for path in paths]
    assert standings(_baseline(listed), *told) == expected
    running = enforcer(Policies(exemptions=(exemption(),)))
    decide(running, told)
    assert [one.findings for one in running.uses()] == [len(set(paths))]


def test_the_baseline_lets_nothing_else_through() -> None:
    new: Callable[..., Iterable[Outcome]] = lambda: (  # noqa: E731
        outcome(VIOLATION, "container_resources"),
        outcome(VIOLATION, on=resource("shop-api")),
        outcome(Failure("KeyError")),
    )
    assert standings(_baseline(9), *new()) == [Standing.REFUSED] * 3
    assert standings(_baseline(stack="dev.platform"), outcome(VIOLATION)) == [Standing.REFUSED]


def test_what_the_baseline_lists_and_nothing_finds_is_obsolete() -> None:
    policies = Policies(baseline=(*_baseline().baseline, *_baseline(1, "gone").baseline))
    running = enforcer(replace(policies, baseline=(*policies.baseline, *_baseline(stack="dev.platform").baseline)))
    decide(running, [outcome(VIOLATION)])
    assert [one.urn for one in running.obsolete()] == [urn("gone")]


def test_a_finding_on_the_stack_as_a_whole_has_the_stacks_urn() -> None:
    policies = Policies(exemptions=(exemption(where=STACK),))
    assert standings(policies, Outcome(RULES["image_pinned"], VIOLATION, None)) == [Standing.EXEMPTED]
    within = Policies(exemptions=(exemption(where="namespace:workspaces/shop"),))
    assert standings(within, Outcome(RULES["image_pinned"], VIOLATION, None)) == [Standing.REFUSED]


def test_the_words_say_why_it_does_not_refuse() -> None:
    def only(policies: Policies) -> Decision:
        [decision] = decide(enforcer(policies), [outcome(VIOLATION)])
        return decision

    assert because(only(Policies(exemptions=(exemption(),)))).endswith(
        "\n  Exempted: until 2026-11-25, by team-shop: The vendor's next release"
    )
    assert because(only(_baseline())).endswith("\n  Advisory: the baseline lists it")
    assert because(only(Policies(level=Level.ADVISORY))).endswith("\n  Advisory: the environment's file says so")
    assert because(only(Policies())) == ""
