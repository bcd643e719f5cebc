"""Every namespace says which Pod Security level the API server enforces in it."""

from __future__ import annotations

from policies.condition import Field, Matches, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample

_ENFORCE = ("metadata", "labels", "pod-security.kubernetes.io/enforce")
_VERSION = ("metadata", "labels", "pod-security.kubernetes.io/enforce-version")


def _namespace(typed: str = "core/v1:Namespace", **labels: Plain) -> Resource:
    names = {"enforce": _ENFORCE[-1], "version": _VERSION[-1]}
    return sample(typed, metadata={"labels": {names[key]: value for key, value in labels.items()}})


RULE = Rule(
    id="namespace_pod_security",
    title="Namespaces enforce a Pod Security level",
    severity=Severity.HIGH,
    why="Without the label the API server lets privileged pods in, and without a version an upgrade changes the rules.",
    remedy=f"Label the namespace `{_ENFORCE[-1]}: restricted` (or `baseline`) and `{_VERSION[-1]}: v1.33`.",
    standards=("CIS Kubernetes 1.10 5.2.1", "CIS EKS 1.7.0 4.2.1"),
    types=kubernetes(Namespace="core"),
    check=demands(
        Demand(
            WHOLE,
            one_of(Field(ITEM, *_ENFORCE), "baseline", "restricted"),
            "is missing or another level; allowed is `baseline` or `restricted`",
            at=_ENFORCE,
        ),
        Demand(
            WHOLE,
            # What the API server's Pod Security admission accepts as a version.
            Matches(Field(ITEM, *_VERSION), r"latest|v1\.(0|[1-9][0-9]*)"),
            "is missing or no version; allowed is `latest` or a Kubernetes minor such as `v1.33`",
            at=_VERSION,
        ),
    ),
    passing=(
        _namespace(enforce="restricted", version="v1.33"),
        _namespace(enforce="baseline", version="latest"),
        _namespace("core/v1:NamespacePatch"),
        _namespace("core/v1:NamespacePatch", version="v1.33"),
    ),
    failing=(
        sample("core/v1:Namespace"),
        _namespace(version="v1.33"),
        _namespace(enforce="privileged", version="v1.33"),
        _namespace(enforce="restricted"),
        _namespace(enforce="restricted", version="1.33"),
        _namespace("core/v1:NamespacePatch", enforce="privileged", version="v1.33"),
        sample("core/v1:NamespaceList", items=[{"metadata": {"name": "a"}}]),
    ),
)
