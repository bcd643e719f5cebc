"""Every namespace of a stack comes with a network policy that denies what nobody allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policies.kinds import kubernetes
from policies.network import denies_by_default
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, NotYetKnown, Resource, Severity, StackRule, Violation
from policies.samples import sample
from policies.truth import Truth, every, some

_NAME = "metadata.name"


def _check(resources: Sequence[Resource]) -> Iterator[Finding]:
    # A patch neither makes a namespace nor a policy; what it changes has a stack of its own.
    whole = [found for found in resources if not found.patch]
    closed = _closed([found for found in whole if found.kind == "NetworkPolicy"])
    for namespace in whole:
        if namespace.kind == "Namespace":
            yield from _judge(namespace, closed)


def _judge(namespace: Resource, closed: Mapping[str | None, Truth]) -> Iterator[Finding]:
    name = at(namespace.props, "metadata", "name")
    # Every namespace has a name once it exists: an absent one comes from a provider that is not configured yet.
    unknown = name is UNKNOWN or name is None
    covered = some((closed.get(name, False), closed.get(None, False))) if isinstance(name, str) else False
    if unknown or covered is None:
        yield NotYetKnown(_NAME, namespace)
    elif not covered:
        yield Violation(
            "no NetworkPolicy of this stack denies by default in the namespace; allowed is a namespace with one that "
            "has an empty podSelector, policyTypes Ingress and Egress, and no rule that lets everything through",
            _NAME,
            namespace,
        )


def _closed(policies: Sequence[Resource]) -> dict[str | None, Truth]:
    """Return which namespaces a policy closes; None stands for a namespace that is not known, which may be any.

    Each policy is looked at once: a file may hold thousands of both.
    """
    answers: dict[str | None, list[Truth]] = {}
    for policy in policies:
        namespace = _namespace_of(at(policy.props, "metadata"))
        denies = denies_by_default(at(policy.props, "spec"))
        if namespace is UNKNOWN:
            answers.setdefault(None, []).append(every((None, denies)))
        elif isinstance(namespace, str):
            answers.setdefault(namespace, []).append(denies)
    return {namespace: some(found) for namespace, found in answers.items()}


def _namespace_of(metadata: Plain) -> Plain:
    if metadata is None:
        return UNKNOWN
    namespace = at(metadata, "namespace")
    return namespace if namespace is UNKNOWN else namespace or "default"


def _namespace(typed: str = "core/v1:Namespace") -> Resource:
    return sample(typed, metadata={"name": "team"})


def _policy(namespace: str = "team", typed: str = "networking.k8s.io/v1:NetworkPolicy", **spec: Plain) -> Resource:
    closed: dict[str, Plain] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return sample(typed, metadata={"name": "default", "namespace": namespace}, spec=closed | spec)


_DNS: Plain = {"to": [{"namespaceSelector": {}}], "ports": [{"protocol": "UDP", "port": 53}]}

RULE = StackRule(
    id="namespace_default_deny",
    title="Namespaces deny traffic by default",
    severity=Severity.HIGH,
    why="A namespace without a policy lets every pod of the cluster in, and its own pods reach everything.",
    remedy="Add a NetworkPolicy with `podSelector: {}` and `policyTypes: [Ingress, Egress]` to the namespace, in this "
    "stack; allow what is needed with further policies.",
    standards=("CIS Kubernetes 1.10 5.3.2", "CIS EKS 1.7.0 4.3.2"),
    types=kubernetes(Namespace="core", NetworkPolicy="networking.k8s.io extensions"),
    check=_check,
    passing=(
        (),
        (_namespace(), _policy()),
        (_namespace(), _policy(egress=[_DNS])),
        (_namespace(), _policy(ingress=[{"from": [{"podSelector": {}}]}])),
        (_namespace(), _policy(egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}])),
        (_namespace("core/v1:NamespacePatch"),),
        (_policy("elsewhere"),),
    ),
    failing=(
        (_namespace(),),
        (_namespace(), _policy("other")),
        (_namespace(), _policy(policyTypes=["Ingress"])),
        (_namespace(), _policy(policyTypes=None)),
        (_namespace(), _policy(podSelector={"matchLabels": {"app": "web"}})),
        (_namespace(), _policy(ingress=[{}])),
        (_namespace(), _policy(egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}])),
        (_namespace(), _policy(ingress=[{"from": [{"namespaceSelector": {}}]}])),
        (_namespace(), _policy(egress=[{"ports": [{"protocol": "TCP"}]}])),
        (_namespace(), _policy(typed="networking.k8s.io/v1:NetworkPolicyPatch")),
        (sample("core/v1:NamespaceList", items=[{"metadata": {"name": "team"}}]),),
    ),
)
