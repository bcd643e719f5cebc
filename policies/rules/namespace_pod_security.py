"""Every namespace says which Pod Security level the API server enforces in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.kinds import kubernetes
from policies.plain import UNKNOWN, Plain, at, join
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import sample

_LABELS = ("metadata", "labels")
_ENFORCE = "pod-security.kubernetes.io/enforce"
_VERSION = "pod-security.kubernetes.io/enforce-version"
_LEVELS = ("baseline", "restricted")
# What the API server's Pod Security admission accepts as a version.
_VERSIONS = re.compile(r"latest|v1\.(0|[1-9][0-9]*)")


def _check(resource: Resource) -> Iterator[Finding]:
    labels = at(resource.props, *_LABELS)
    if labels is UNKNOWN:
        yield NotYetKnown(join("", *_LABELS))
        return
    enforce, version = at(labels, _ENFORCE), at(labels, _VERSION)
    if resource.patch and enforce is None and version is None:
        return
    if not (resource.patch and enforce is None):
        yield from _judge(_ENFORCE, enforce, enforce in _LEVELS, "`baseline` or `restricted`")
    fits = isinstance(version, str) and _VERSIONS.fullmatch(version) is not None
    yield from _judge(_VERSION, version, fits, "`latest` or a Kubernetes minor such as `v1.33`")


def _judge(label: str, value: Plain, fits: bool, allowed: str) -> Iterator[Finding]:
    path = join("", *_LABELS, label)
    if value is UNKNOWN:
        yield NotYetKnown(path)
    elif not fits:
        yield Violation(f"{'is missing' if value is None else 'has another value'}; allowed is {allowed}", path)


def _namespace(typed: str = "core/v1:Namespace", **labels: Plain) -> Resource:
    names = {"enforce": _ENFORCE, "version": _VERSION}
    return sample(typed, metadata={"labels": {names[key]: value for key, value in labels.items()}})


RULE = Rule(
    id="namespace_pod_security",
    title="Namespaces enforce a Pod Security level",
    severity=Severity.HIGH,
    why="Without the label the API server lets privileged pods in, and without a version an upgrade changes the rules.",
    remedy=f"Label the namespace `{_ENFORCE}: restricted` (or `baseline`) and `{_VERSION}: v1.33`.",
    standards=("CIS Kubernetes 1.10 5.2.1", "CIS EKS 1.7.0 4.2.1"),
    types=kubernetes(Namespace="core"),
    check=_check,
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
