"""What a role grants, as conditions on one of its rules; and whom a binding binds."""

from __future__ import annotations

from collections.abc import Iterator

from policies.condition import Condition, Field, Filled, all_of, contains
from policies.demand import ITEM, OBJECT, Items
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource
from policies.samples import sample

GROUP = "rbac.authorization.k8s.io"
ROLES = kubernetes(Role=GROUP, ClusterRole=GROUP)
CLUSTER_ROLES = kubernetes(ClusterRole=GROUP)
BINDINGS = kubernetes(RoleBinding=GROUP, ClusterRoleBinding=GROUP)

RULES = Items(OBJECT, (("rules",),), replaced="verbs")
"""The rules of a role; the API server takes none without verbs."""
SUBJECTS = Items(OBJECT, (("subjects",),), replaced="name")
"""The subjects of a binding; each has a name."""

ALL = "*"
NAMES = Field(ITEM, "resourceNames")
"""To which objects a rule is limited."""


def grants(group: str, resources: tuple[str, ...], verbs: tuple[str, ...] = ()) -> Condition:
    """Return that a rule grants one of the verbs (none: any verb at all) on one of the resources of an API group.

    Wildcards count as what they cover (`ResourceMatches` in pkg/apis/rbac/v1/evaluation_helpers.go of Kubernetes).
    """
    granted = contains(Field(ITEM, "verbs"), *verbs, ALL) if verbs else Filled(Field(ITEM, "verbs"))
    return all_of(
        granted,
        contains(Field(ITEM, "apiGroups"), group, ALL),
        contains(Field(ITEM, "resources"), *_covering(resources)),
    )


def _covering(resources: tuple[str, ...]) -> Iterator[str]:
    yield ALL
    for resource in resources:
        yield resource
        if "/" in resource:
            yield f"{ALL}/{resource.partition('/')[2]}"


def role(group: str, resource: str, *verbs: str, kind: str = "ClusterRole", **more: Plain) -> Resource:
    """Return a sample of a role with one rule."""
    rule: dict[str, Plain] = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return sample(f"{GROUP}/v1:{kind}", metadata={"name": "role", "namespace": "team"}, rules=[rule | more])


def binding(
    subject: str, name: str = "view", kind: str = "ClusterRoleBinding", of: str = "Group", to: str = "ClusterRole"
) -> Resource:
    """Return a sample of a binding of a subject of kind `of` to a role of kind `to`."""
    subjects: list[Plain] = [{"kind": of, "name": subject}]
    metadata: Plain = {"name": "binding", "namespace": "team"}
    ref: Plain = {"kind": to, "name": name}
    return sample(f"{GROUP}/v1:{kind}", metadata=metadata, roleRef=ref, subjects=subjects)
