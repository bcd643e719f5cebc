"""Everything has a namespace that somebody made for it."""

from __future__ import annotations

from policies.condition import Field, Filled, Not, all_of, any_of, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import NAMESPACED
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample

_NAMESPACE = ("metadata", "namespace")
_OF_THE_CLUSTER = ("default", "kubernetes", "kube-root-ca.crt")
"""Names of what the cluster itself keeps there: a service account, the Service of its API, its authority."""


def _object(token: str, **metadata: Plain) -> Resource:
    return sample(token, metadata={"name": "app", **metadata})


RULE = Rule(
    id="namespace_default",
    title="Nothing is in the namespace default",
    severity=Severity.MEDIUM,
    why="`default` has no quota, no network policy, no Pod Security level and no owner, and takes what forgot its own.",
    remedy="Set `metadata.namespace` to a namespace of the platform or of a team.",
    standards=("CIS Kubernetes 1.10 5.7.4", "CIS EKS 1.7.0 4.5.2"),
    types=NAMESPACED,
    check=demands(
        Demand(
            WHOLE,
            any_of(
                all_of(Filled(Field(ITEM, *_NAMESPACE)), Not(one_of(Field(ITEM, *_NAMESPACE), "default"))),
                one_of(Field(ITEM, "metadata", "name"), *_OF_THE_CLUSTER),
            ),
            "is missing or `default`; allowed is any other namespace",
            at=_NAMESPACE,
        )
    ),
    passing=(
        _object("apps/v1:Deployment", namespace="team"),
        _object("core/v1:ServiceAccount", name="default"),
        _object("gateway.networking.k8s.io/v1:HTTPRoute", namespace="team"),
        sample("core/v1:ConfigMapPatch", data={"a": "b"}),
    ),
    failing=(
        sample("core/v1:ConfigMap"),
        _object("apps/v1:Deployment"),
        _object("core/v1:Secret", namespace="default"),
        _object("networking.k8s.io/v1:Ingress", namespace=""),
        _object("gateway.networking.k8s.io/v1:Gateway", namespace="default"),
        _object("rbac.authorization.k8s.io/v1:RolePatch", namespace="default"),
        sample("core/v1:ServiceList", items=[{"metadata": {"name": "web"}}]),
    ),
)
