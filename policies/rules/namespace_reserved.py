"""Namespaces of the cluster itself are made by the cluster itself."""

from __future__ import annotations

from policies.condition import Field, Matches, Not
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample


def _namespace(typed: str = "core/v1:Namespace", **metadata: Plain) -> Resource:
    return sample(typed, metadata=metadata)


RULE = Rule(
    id="namespace_reserved",
    title="No namespace is called kube-something",
    severity=Severity.MEDIUM,
    why="Kubernetes keeps these names for itself; what is excepted for its own namespaces might be for this one.",
    remedy="Give the namespace a name that doesn't begin with `kube-`.",
    types=kubernetes(Namespace="core"),
    check=demands(
        *(
            Demand(
                WHOLE,
                Not(Matches(Field(ITEM, "metadata", field), "kube-.*")),
                "begins with `kube-`; allowed is any other name",
                at=("metadata", field),
            )
            for field in ("name", "generateName")
        )
    ),
    passing=(
        _namespace(name="team"),
        _namespace(name="kubernetes-tools"),
        _namespace("core/v1:NamespacePatch", labels={"a": "b"}),
    ),
    failing=(
        _namespace(name="kube-system"),
        _namespace(name="kube-tools"),
        _namespace(generateName="kube-"),
        _namespace("core/v1:NamespacePatch", name="kube-public"),
    ),
)
