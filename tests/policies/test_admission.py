"""The catalogue as admission policies: nothing lost, nothing twice, every kind's pod found."""

from __future__ import annotations

import re

from policies.admission import SYSTEM_NAMESPACES, AdmissionPolicy, admission, left_out
from policies.catalogue import Catalogue
from policies.condition import Field, present
from policies.demand import EVERY_CONTAINER, ITEM, WHOLE, Demand, Demands, demands
from policies.kinds import Anything, Kubernetes, kubernetes
from policies.pods import WORKLOADS, pod_spec_path
from policies.rule import Rule, Severity, StackRule


def rule(name: str, types: Kubernetes | Anything, *made: Demand) -> Rule:
    return Rule(
        id=name,
        title=name,
        severity=Severity.LOW,
        why="Why.",
        remedy="Do it.",
        types=types,
        check=demands(*made) if made else lambda _: (),
        passing=(),
        failing=(),
    )


NAMED = Demand(WHOLE, present(Field(ITEM, "name")), "is missing; allowed is a name", ("metadata", "name"))
IMAGE = Demand(EVERY_CONTAINER, present(Field(ITEM, "image")), "has no image; allowed is one")
ROLES = kubernetes(Role="rbac.authorization.k8s.io", ClusterRole="rbac.authorization.k8s.io")


def made(*rules: Rule | StackRule) -> tuple[AdmissionPolicy, ...]:
    return admission(Catalogue(rules))


def test_rules_of_the_same_kinds_are_one_policy() -> None:
    roles, pods = made(rule("a", ROLES, NAMED), rule("b", WORKLOADS, IMAGE, IMAGE), rule("c", ROLES, NAMED, NAMED))
    assert (roles.name, pods.name) == ("role-clusterrole", "workloads")
    assert [one.control for one in roles.validations] == ["a", "c", "c"]
    assert [one.control for one in pods.validations] == ["b", "b"]
    group = "rbac.authorization.k8s.io"
    assert roles.resources == ((group, "roles"), (group, "clusterroles"))
    assert roles.variables == ()


def test_a_validation_says_which_rule_what_and_the_remedy() -> None:
    ((first, second),) = (one.validations for one in made(rule("a", WORKLOADS, NAMED, IMAGE)))
    assert first.message == "a: metadata.name is missing; allowed is a name. Do it."
    assert second.message == "a: has no image; allowed is one. Do it."
    assert first.expression == "[object].all(item, item.?name.hasValue())"


def test_pods_are_matched_with_the_containers_that_are_added_to_them() -> None:
    (pods,) = made(rule("a", WORKLOADS, IMAGE))
    assert pods.resources[:2] == (("", "pods"), ("", "pods/ephemeralcontainers"))
    assert ("extensions", "deployments") not in pods.resources, "no server has had it since 1.22"
    assert {group for group, _ in pods.resources} == {"", "apps", "batch"}
    assert len(pods.resources) == len(set(pods.resources)) == len(WORKLOADS.kinds) + 1


def test_plurals_are_those_of_the_api() -> None:
    (found,) = made(
        rule("a", kubernetes(NetworkPolicy="n", Ingress="n", GatewayClass="g", Namespace="core"), NAMED),
    )
    assert found.resources == (
        ("n", "networkpolicies"),
        ("n", "ingresses"),
        ("g", "gatewayclasses"),
        ("", "namespaces"),
    )


def test_the_variables_find_the_pod_of_every_kind() -> None:
    (pods,) = made(rule("a", WORKLOADS, IMAGE))
    (template, choice), (pod, spec) = pods.variables
    assert (template, pod, spec) == ("template", "pod", "variables.template.?spec.orValue({})")
    cases = dict(re.findall(r"object\.kind == '(\w+)' \? (\S+) :", choice))
    usual = choice.rpartition(" : ")[2]
    for kind, _ in WORKLOADS.kinds:
        keys = re.findall(r"\.\?(\w+)", cases.get(kind, usual))
        assert (*keys, "spec") == pod_spec_path(kind), kind


def test_the_whole_catalogue_is_enforced_or_left_out(catalogue: Catalogue) -> None:
    enforced = [one.control for policy in admission(catalogue) for one in policy.validations]
    out = {one.id for one in left_out(catalogue)}
    of_kubernetes = {one.id: one for one in catalogue.rules if isinstance(one.types, Kubernetes)}
    assert set(enforced) | out == set(of_kubernetes)
    assert not set(enforced) & out
    for name in set(enforced):
        check = getattr(of_kubernetes[name], "check")  # noqa: B009
        assert isinstance(check, Demands)
        assert enforced.count(name) == len(check.demands)
    # Every control of the Pod Security Standards can be said in CEL.
    assert not [one.id for one in catalogue.rules if one.profile and one.id in out]


def test_names_are_unique_and_the_apis(catalogue: Catalogue) -> None:
    names = [one.name for one in admission(catalogue)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) for name in names)


def test_messages_are_single_lines_of_what_the_api_takes(catalogue: Catalogue) -> None:
    for policy in admission(catalogue):
        for one in policy.validations:
            assert "\n" not in one.message + one.expression
            assert one.message.startswith(f"{one.control}: ")
            assert "allowed" in one.message


def test_rules_that_no_expression_can_say_are_listed() -> None:
    by_hand, everything = rule("hand", WORKLOADS), rule("all", Anything(), NAMED)
    said = rule("said", WORKLOADS, IMAGE)
    assert left_out(Catalogue((by_hand, everything, said))) == (by_hand,)
    assert [one.control for policy in made(by_hand, everything, said) for one in policy.validations] == ["said"]


def test_system_namespaces_are_the_clusters_own() -> None:
    assert SYSTEM_NAMESPACES == ("kube-node-lease", "kube-public", "kube-system")
