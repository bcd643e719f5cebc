"""Nothing of ours is in the namespaces of the cluster itself.

No admission policy comes of it: the API server's are switched off in those namespaces, where the cluster's own
controllers write all the time.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import NAMESPACED
from policies.plain import UNKNOWN, at
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import sample

_PATH = "metadata.namespace"


def _check(resource: Resource) -> Iterator[Finding]:
    namespace = at(resource.props, "metadata", "namespace")
    if namespace is UNKNOWN:
        yield NotYetKnown(_PATH)
    elif isinstance(namespace, str) and namespace.startswith("kube-"):
        yield Violation("is the cluster's own; allowed is a namespace that doesn't begin with `kube-`", _PATH)


def _object(token: str, namespace: str) -> Resource:
    return sample(token, metadata={"name": "app", "namespace": namespace})


RULE = Rule(
    id="namespace_system",
    title="Nothing is put into the cluster's own namespaces",
    severity=Severity.HIGH,
    why="Pod Security and admission except `kube-system`, and the secrets of the cluster's controllers are in it.",
    remedy="Use a namespace of the platform; what must be in `kube-system` needs an exemption.",
    standards=("CIS Kubernetes 1.10 5.7.1", "CIS EKS 1.7.0 4.5.1"),
    types=NAMESPACED,
    check=_check,
    passing=(_object("apps/v1:DaemonSet", "idp-observability"), _object("core/v1:ConfigMap", "kubernetes")),
    failing=(
        _object("apps/v1:DaemonSet", "kube-system"),
        _object("core/v1:ConfigMapPatch", "kube-public"),
        _object("rbac.authorization.k8s.io/v1:RoleBinding", "kube-node-lease"),
    ),
)
