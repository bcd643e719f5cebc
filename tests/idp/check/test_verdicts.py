"""A file's verdict is the pack's: for every sample of every rule there is, in every form that it can have."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.check.judge import MOST_OF_A_CONTROL, Verdict, selected
from policies.catalogue import Catalogue, load
from policies.evaluate import Failure, evaluate_resource, evaluate_stack
from policies.kinds import kubernetes
from policies.plain import UNKNOWN, Plain
from policies.pods import ALL
from policies.rule import NotYetKnown, Profile, Resource, Rule, StackRule, Violation
from policies.samples import workload
from policies.settings import NOTHING

from .forms import FORMS, MANIFESTS, checked, findings, samples, state

CATALOGUE = load()
ITEM = re.compile(r"^items\[\d+\]\.?")
"""Where the pack says in which item of a List something is; a file's list is taken apart, and each item has a row."""


def said_by_the_pack(catalogue: Catalogue, resources: Sequence[Resource], *, whole: bool) -> list[tuple[str, str, str]]:
    """Return control, verdict and path of what the pack finds; `whole` keeps a List's items in the path."""
    found = []
    for outcomes in (*(evaluate_resource(catalogue, one) for one in resources), evaluate_stack(catalogue, resources)):
        waiting = set()
        for outcome in outcomes:
            assert not isinstance(outcome.finding, Failure)
            inner = outcome.resource.path if outcome.resource else ""
            path = ".".join(part for part in (inner, outcome.finding.path) if part)
            verdict = "unknown" if isinstance(outcome.finding, NotYetKnown) else "fail"
            # Several demands of a rule may wait for one value: it is told once.
            if verdict == "fail" or (outcome.rule.id, path) not in waiting:
                found.append((outcome.rule.id, verdict, path if whole else ITEM.sub("", path)))
            if verdict == "unknown":
                waiting.add((outcome.rule.id, path))
    return sorted(found)


@pytest.mark.parametrize("rule", CATALOGUE.rules, ids=lambda rule: rule.id)
def test_every_sample_gets_its_verdict_in_every_form(rule: Rule, tmp_path: Path) -> None:
    alone = Catalogue((rule,))
    asked = 0
    for number, sample in enumerate(samples(alone)):
        for form, render in FORMS.items():
            content = render(sample.resources)
            if content is None:
                continue
            # A file says nothing of its environment's settings, a manifest nothing of who makes it either.
            resources = [replace(one, settings=NOTHING) for one in sample.resources]
            if form in MANIFESTS:
                resources = [Resource(one.type, one.name, one.props) for one in resources]
            folder = tmp_path / f"{number}.{form}"
            report = checked(folder, {f"sample.{form}": content} if content else {}, alone)
            assert [str(problem) for problem in report.problems if sample.resources] == [], (form, sample)
            wanted = said_by_the_pack(alone, resources, whole=form not in MANIFESTS)
            assert findings(report.judged) == wanted, (form, sample)
            assert report.refused is any(verdict == "fail" for _, verdict, _ in wanted)
            asked += 1
    assert asked >= 8


image: st.SearchStrategy[Plain] = st.sampled_from(["app", "app:1", "app:latest", "h:5/app", UNKNOWN, None, 7, "no"])
amount: st.SearchStrategy[Plain] = st.sampled_from(["1", "0", "50m", 0, 2, 1.5, UNKNOWN, None])
amounts: st.SearchStrategy[Plain] = st.dictionaries(st.sampled_from(["cpu", "memory"]), amount) | st.just(UNKNOWN)
containers: st.SearchStrategy[Plain] = st.fixed_dictionaries(
    {"name": st.just("app")},
    optional={
        "image": image,
        "resources": st.fixed_dictionaries({}, optional={"requests": amounts, "limits": amounts}),
    },
)
container: st.SearchStrategy[Plain] = st.one_of(containers, st.just(UNKNOWN))
pod_specs = st.fixed_dictionaries({}, optional={name: st.lists(container, max_size=3) for name in ALL})


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pod_specs, min_size=1, max_size=3), st.sampled_from(["Pod", "Deployment", "CronJob"]))
def test_pods_get_the_pack_s_verdict_in_every_form(
    tmp_path_factory: pytest.TempPathFactory, specs: list[Plain], kind: str
) -> None:
    resources = [workload(kind, spec) for spec in specs]
    wanted = said_by_the_pack(CATALOGUE, resources, whole=True)
    for form, render in FORMS.items():
        content = render(resources)
        if content is not None:
            report = checked(tmp_path_factory.mktemp("forms"), {f"pods.{form}": content}, CATALOGUE)
            assert not report.problems
            assert findings(report.judged) == wanted
            assert len(report.judged) == len(specs)


def test_a_resource_is_unknown_only_where_nothing_refuses_it(tmp_path: Path) -> None:
    pods = [
        workload("Pod", {"containers": [{"image": UNKNOWN}]}),
        workload("Pod", {"containers": [{"image": UNKNOWN}, {"image": "app"}]}),
    ]
    rule = next(rule for rule in CATALOGUE.rules if rule.id == "image_pinned")
    report = checked(tmp_path, {"a.json": FORMS["preview.json"](pods) or ""}, Catalogue((rule,)))
    assert [one.verdict for one in report.judged] == [Verdict.UNKNOWN, Verdict.FAIL]
    assert [len(one.unknown) for one in report.judged] == [1, 1]


def test_findings_of_one_control_are_cut_off_but_counted(tmp_path: Path) -> None:
    rule = next(rule for rule in CATALOGUE.rules if rule.id == "image_pinned")
    pod = workload("Pod", {"containers": [{"image": "app"}] * 1000})
    (judged,) = checked(tmp_path, {"a.yaml": MANIFESTS["yaml"]([pod]) or ""}, Catalogue((rule,))).judged
    assert len(judged.violations) == MOST_OF_A_CONTROL
    assert judged.left_out == 1000 - MOST_OF_A_CONTROL


def test_a_level_has_the_rules_of_the_levels_before_it() -> None:
    def of(profile: Profile | None) -> Rule:
        rule = next(rule for rule in CATALOGUE.rules if isinstance(rule, Rule))
        return Rule(**{**vars(rule), "id": str(profile), "profile": profile})

    rules = Catalogue((of(Profile.BASELINE), of(Profile.RESTRICTED), of(None)))
    assert [rule.profile for rule in selected(rules, Profile.BASELINE).rules] == [Profile.BASELINE]
    assert [rule.profile for rule in selected(rules, Profile.RESTRICTED).rules] == [*Profile]
    assert selected(rules, None) is rules


def test_a_broken_rule_refuses_and_names_no_value(tmp_path: Path) -> None:
    def check(resource: Resource) -> Sequence[NotYetKnown]:
        raise KeyError(str(resource.props))

    rule = next(rule for rule in CATALOGUE.rules if rule.id == "image_pinned")
    broken = Rule(**{**vars(rule), "check": check})
    pod = workload("Pod", {"containers": [{"image": "canary"}]})
    (judged,) = checked(tmp_path, {"a.yaml": MANIFESTS["yaml"]([pod]) or ""}, Catalogue((broken,))).judged
    assert judged.verdict is Verdict.FAIL
    assert [said.message for said in judged.violations] == ["the rule could not be evaluated: KeyError"]


def stack_rule(check: Callable[[Sequence[Resource]], Sequence[Violation]]) -> Catalogue:
    rule = next(rule for rule in CATALOGUE.rules if isinstance(rule, StackRule))
    return Catalogue((StackRule(**{**vars(rule), "types": kubernetes(Pod="core"), "check": check}),))


def test_what_a_stack_lacks_as_a_whole_has_a_row_of_its_own(tmp_path: Path) -> None:
    """One for all manifests, one for each state; its fault is nobody's but the stack's."""
    pod = workload("Pod", {})
    files = {f"{name}.json": FORMS[f"{form}.json"]([pod]) or "" for name, form in (("a", "list"), ("b", "list"))}
    files["c.json"] = state([pod])
    catalogue = stack_rule(lambda seen: [Violation(f"has {len(seen)} pods; allowed is none", "")])
    report = checked(tmp_path, dict(files), catalogue)
    stacks = [one for one in report.judged if one.kind == "Stack"]
    assert [(Path(one.path).name, one.violations[0].message.split(";")[0]) for one in stacks] == [
        ("c.json", "has 1 pods"),
        ("a.json", "has 2 pods"),
    ]
    assert report.refused


def test_a_broken_stack_rule_refuses(tmp_path: Path) -> None:
    def check(seen: Sequence[Resource]) -> Sequence[Violation]:
        raise KeyError(str(seen))

    report = checked(tmp_path, {"a.json": FORMS["list.json"]([workload("Pod", {})]) or ""}, stack_rule(check))
    assert report.refused
    (said,) = report.judged[-1].violations
    assert said.message == "the rule could not be evaluated: KeyError"
