"""What a rule made of demands says of whole objects, of patches, and of what is not known yet."""

from __future__ import annotations

import pytest

from policies.condition import Field, absent, all_of, any_of, one_of, present
from policies.demand import (
    EVERY_CONTAINER,
    ITEM,
    OBJECT,
    POD,
    PODS,
    STARTED_CONTAINERS,
    TEMPLATE,
    TEMPLATES,
    VOLUMES,
    WHOLE,
    Demand,
    Items,
    demands,
    items,
)
from policies.plain import UNKNOWN, Plain
from policies.rule import Finding, NotYetKnown, Resource, Violation
from policies.samples import nested, workload

SAYS = "is wrong; allowed is what is right"
GOOD = one_of(Field(ITEM, "good"), True)


def found(demand: Demand, kind: str, props: dict[str, Plain], *, patch: bool = False) -> list[Finding]:
    token = workload(kind, {}).type if kind != "ConfigMap" else "kubernetes:core/v1:ConfigMap"
    return list(demands(demand)(Resource(token, "thing", props, kind=kind, patch=patch)))


def of_pod(demand: Demand, spec: Plain, *, patch: bool = False, kind: str = "Pod") -> list[Finding]:
    return found(demand, kind, workload(kind, spec).props, patch=patch)


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        ("Pod", "spec"),
        ("PodTemplate", "template.spec"),
        ("Deployment", "spec.template.spec"),
        ("CronJob", "spec.jobTemplate.spec.template.spec"),
    ],
)
def test_each_item_has_its_own_path(kind: str, prefix: str) -> None:
    demand = Demand(EVERY_CONTAINER, GOOD, SAYS, ("good",))
    bad, good = {"good": False}, {"good": True}
    spec: Plain = {"containers": [good, bad], "initContainers": [bad], "ephemeralContainers": [bad], "other": [bad]}
    assert of_pod(demand, spec, kind=kind) == [
        Violation(SAYS, f"{prefix}.containers[1].good"),
        Violation(SAYS, f"{prefix}.initContainers[0].good"),
        Violation(SAYS, f"{prefix}.ephemeralContainers[0].good"),
    ]


def test_ephemeral_containers_are_not_started_with_the_pod() -> None:
    demand = Demand(STARTED_CONTAINERS, GOOD, SAYS)
    spec: Plain = {"containers": [{}], "initContainers": [{}], "ephemeralContainers": [{}]}
    assert [one.path for one in of_pod(demand, spec)] == ["spec.containers[0]", "spec.initContainers[0]"]


def test_the_pod_the_template_and_the_object_are_items_too() -> None:
    spec: Plain = {"good": True}
    props = {"metadata": {"good": 1}, **workload("Deployment", spec).props}
    for of, keys in ((PODS, ("good",)), (TEMPLATES, ("spec", "good")), (WHOLE, ("spec", "template", "spec", "good"))):
        assert not found(Demand(of, present(Field(ITEM, *keys)), SAYS), "Deployment", props)
    assert found(Demand(TEMPLATES, absent(Field(TEMPLATE, "spec")), SAYS, ("spec",)), "Deployment", props) == [
        Violation(SAYS, "spec.template.spec")
    ]
    wrong = Demand(WHOLE, absent(Field(OBJECT, "metadata", "good")), SAYS, ("metadata", "good"))
    assert found(wrong, "Deployment", props) == [Violation(SAYS, "metadata.good")]


def test_items_of_any_list_of_any_object() -> None:
    demand = Demand(items("a", "b"), GOOD, SAYS, ("good",))
    assert found(demand, "ConfigMap", {"a": {"b": [{}, {"good": True}]}}) == [Violation(SAYS, "a.b[0].good")]
    for props in ({}, {"a": None}, {"a": {"b": {}}}, {"a": {"b": "x"}}):
        assert not found(demand, "ConfigMap", props)


def test_pods_are_judged_with_the_servers_defaults() -> None:
    demand = Demand(VOLUMES, present(Field(ITEM, "emptyDir")), SAYS)
    assert not of_pod(demand, {"volumes": [{"name": "a"}]})
    assert of_pod(demand, {"volumes": [{"name": "a"}, {"nfs": {}}]}) == [Violation(SAYS, "spec.volumes[1]")]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (UNKNOWN, ["spec"]),
        ({"containers": UNKNOWN}, ["spec.containers"]),
        ({"containers": [UNKNOWN]}, ["spec.containers[0]"]),
        ({"containers": [{"good": UNKNOWN}]}, ["spec.containers[0].good"]),
    ],
)
def test_what_is_unknown_is_named_where_it_is(spec: Plain, expected: list[str]) -> None:
    said = of_pod(Demand(EVERY_CONTAINER, GOOD, SAYS, ("good",)), spec)
    assert all(isinstance(one, NotYetKnown) for one in said)
    # A spec that is unknown hides all three lists.
    assert len(said) == len(expected)
    assert all(one.path.startswith(path) for one, path in zip(said, expected, strict=True))


def test_an_unknown_item_hides_no_violation_beside_it() -> None:
    said = of_pod(Demand(EVERY_CONTAINER, GOOD, SAYS), {"containers": [UNKNOWN, {"good": False}]})
    assert said == [NotYetKnown("spec.containers[0]"), Violation(SAYS, "spec.containers[1]")]


def test_a_patch_is_judged_by_what_it_sets() -> None:
    demand = Demand(EVERY_CONTAINER, GOOD, SAYS)
    assert of_pod(demand, {"containers": [{"name": "a"}]})
    assert not of_pod(demand, {"containers": [{"name": "a"}]}, patch=True)
    assert of_pod(demand, {"containers": [{"good": False}]}, patch=True) == [Violation(SAYS, "spec.containers[0]")]
    assert of_pod(demand, {"containers": [{"good": UNKNOWN}]}, patch=True) == [NotYetKnown("spec.containers[0]")]


@pytest.mark.parametrize("of", [EVERY_CONTAINER, STARTED_CONTAINERS])
def test_a_new_container_of_a_patch_is_judged_as_a_whole(of: Items) -> None:
    demand = Demand(of, GOOD, SAYS)
    assert of_pod(demand, {"containers": [{"image": "a:1"}]}, patch=True) == [Violation(SAYS, "spec.containers[0]")]
    # Other items have no key that only a new one has.
    assert not of_pod(Demand(Items(POD, (("volumes",),)), GOOD, SAYS), {"volumes": [{"image": 1}]}, patch=True)


def test_what_is_around_a_new_container_of_a_patch_may_be_there() -> None:
    """The pod that the patch changes may say for all its containers what the new one leaves out."""
    demand = Demand(EVERY_CONTAINER, any_of(GOOD, one_of(Field(POD, "good"), True)), SAYS)
    new: Plain = [{"image": "a:1"}]
    assert of_pod(demand, {"containers": new})
    assert not of_pod(demand, {"containers": new}, patch=True)
    assert of_pod(demand, {"good": False, "containers": new}, patch=True)
    assert not of_pod(demand, {"good": True, "containers": new}, patch=True)


def test_what_a_patch_leaves_out_is_no_reason_to_wait() -> None:
    """Whether it is fine depends on the object that is there, and no update tells more about that."""
    both = all_of(present(Field(ITEM, "a")), present(Field(ITEM, "b")))
    assert not of_pod(Demand(PODS, both, SAYS), {"a": 1}, patch=True)
    assert of_pod(Demand(PODS, both, SAYS), {"a": UNKNOWN, "b": 1}, patch=True) == [NotYetKnown("spec")]


def test_every_demand_is_judged() -> None:
    check = demands(
        Demand(WHOLE, present(Field(ITEM, "a")), "first; allowed is a", ("a",)),
        Demand(WHOLE, present(Field(ITEM, "b")), "second; allowed is b", ("b",)),
    )
    said = list(check(Resource("kubernetes:core/v1:ConfigMap", "thing", nested(("c",), 1), kind="ConfigMap")))
    assert said == [Violation("first; allowed is a", "a"), Violation("second; allowed is b", "b")]


@pytest.mark.parametrize(
    ("of", "expression"),
    [
        (PODS, "[variables.pod].all(item, item.?good.hasValue())"),
        (WHOLE, "[object].all(item, item.?good.hasValue())"),
        (VOLUMES, "variables.pod.?volumes.orValue([]).all(item, item.?good.hasValue())"),
        (items("a", "b"), "object.?a.?b.orValue([]).all(item, item.?good.hasValue())"),
        (
            STARTED_CONTAINERS,
            "variables.pod.?containers.orValue([]).all(item, item.?good.hasValue())"
            " && variables.pod.?initContainers.orValue([]).all(item, item.?good.hasValue())",
        ),
    ],
)
def test_cel(of: Items, expression: str) -> None:
    assert of.cel(present(Field(ITEM, "good"))) == expression
