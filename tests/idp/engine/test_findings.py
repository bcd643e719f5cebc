"""The command tells the pack's messages apart by their words: whatever the pack says is counted as what it is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.engine.findings import Counts, controls, counts, excused, without_listing
from policies.catalogue import load
from policies.enforcement import Level
from policies.enforcer import Decision, Enforcer, Exemption, Known, Policies, Standing, Use
from policies.evaluate import Failure, Outcome
from policies.pattern import pattern
from policies.report import Moment, because, closing, expired, text
from policies.rule import Finding, NotYetKnown, Resource, Violation

RULES = {rule.id: rule for rule in load().rules}
STACK = "urn:pulumi:dev.platform::idp::pulumi:pulumi:Stack::idp-dev.platform"
TODAY = date(2026, 11, 25)
TYPE = "kubernetes:apps/v1:Deployment"
HEADERS = ["", "The platform's rules for a resource.\n", "can't run policy 'resources' during preview: some things:\n"]


def exemption(control: str, reason: str = "The vendor's next release") -> Exemption:
    found = pattern(f"urn:pulumi:dev.platform::idp::{TYPE}::odd name, until *")
    assert found is not None
    return Exemption(control, found, "team-a", reason, TODAY)


names = st.sampled_from(["web", "odd name, until 2026-01-01", "a (high) on b", "x on y is not yet known"])
findings: st.SearchStrategy[Finding | Failure] = st.one_of(
    st.builds(Violation, st.just("allowed is right"), st.sampled_from(["", "a", "spec.b[0]"])),
    st.builds(NotYetKnown, st.sampled_from(["a", "b"])),
    st.just(Failure("KeyError")),
)
outcomes = st.lists(
    st.builds(
        lambda control, finding, name: Outcome(
            RULES[control], finding, Resource(TYPE, name, {}, f"urn:pulumi:dev.platform::idp::{TYPE}::{name}")
        ),
        st.sampled_from(sorted(RULES)),
        findings,
        names,
    ),
    min_size=1,
    max_size=8,
)
parts = st.builds(
    Policies,
    level=st.sampled_from(Level),
    strict=st.booleans(),
    exemptions=st.lists(st.sampled_from(sorted(RULES)), unique=True).map(lambda ids: tuple(map(exemption, ids))),
)


def decided(decision: Decision) -> str:
    return text(decision.outcome, Moment.END) + because(decision)


def decisions(policies: Policies, found: list[Outcome]) -> list[Decision]:
    enforcer = Enforcer(policies, STACK, TODAY)
    return [enforcer.decide(one, final=True) for one in found]


@given(parts, outcomes, st.sampled_from(HEADERS))
def test_whatever_becomes_of_a_finding_is_counted(policies: Policies, found: list[Outcome], header: str) -> None:
    decided_on = decisions(policies, found)
    reported = [one for one in decided_on if one.standing is not Standing.REFUSED]
    expected = Counts(
        advisory=sum(one.standing is Standing.ADVISORY for one in reported),
        exempted=sum(one.standing is Standing.EXEMPTED for one in reported),
    )
    if reported:
        assert counts(header + "\n".join(map(decided, reported)), mandatory=False) == expected
    for one in decided_on:
        if one.standing is Standing.REFUSED:
            assert counts(header + decided(one), mandatory=True) == Counts(refused=1)


@given(parts, outcomes, st.sampled_from(HEADERS))
def test_what_a_baseline_is_made_of_is_every_violation_that_is_not_exempted(
    policies: Policies, found: list[Outcome], header: str
) -> None:
    decided_on = decisions(policies, found)
    left = [
        one.outcome.rule.id
        for one in decided_on
        if isinstance(one.outcome.finding, Violation) and one.standing is not Standing.EXEMPTED
    ]
    assert sorted(controls(header + "\n".join(map(decided, decided_on))).elements()) == sorted(left)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("reason", ["Because", "until 2026-01-01, by x, findings: 7: y", "- a", "100 % (high) on web"])
def test_the_list_of_exemptions_is_no_finding(header: str, reason: str) -> None:
    uses = [Use(exemption(control, reason), number, unused=False) for number, control in enumerate(sorted(RULES))]
    [listing] = closing(uses, ())
    message = header + listing
    assert counts(message, mandatory=False) == Counts()
    assert list(excused(message)) == [
        (one.exemption.control, one.exemption.resource.text, one.findings) for one in uses
    ]
    assert without_listing(message) == header.rstrip()


def test_warnings_are_advisory_and_the_list_beside_them_is_not() -> None:
    unused = Use(exemption("image_pinned"), 0, unused=True)
    lines = closing([unused], [Known("image_pinned", STACK, 1)])
    assert counts("\n".join(lines), mandatory=False) == Counts(advisory=2)
    assert [counts(line, mandatory=False) for line in lines] == [Counts(), Counts(advisory=1), Counts(advisory=1)]
    assert without_listing("\n".join(lines)) == "\n".join(lines[1:])


def test_an_expired_exemption_is_one_refusal_and_nothing_for_a_baseline() -> None:
    line = expired(exemption("image_pinned"))
    assert counts(line, mandatory=True) == Counts(refused=1)
    assert not controls(line)


@pytest.mark.parametrize("mandatory", [True, False])
def test_what_another_pack_says_is_one_finding(mandatory: bool) -> None:
    expected = Counts(refused=1) if mandatory else Counts(advisory=1)
    assert counts("Buckets must not be public.\nbucket is public", mandatory=mandatory) == expected
