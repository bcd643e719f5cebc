"""Roles name what they allow, and nobody is bound to the powers above all roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from policies.kinds import kubernetes
from policies.plain import UNKNOWN, Plain, at, join
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import sample

_FIELDS = ("verbs", "resources", "apiGroups", "nonResourceURLs")
_ESCALATING = ("escalate", "bind", "impersonate")
_SUBJECTS = ("system:masters", "system:anonymous", "system:unauthenticated")


def _check(resource: Resource) -> Iterator[Finding]:
    if resource.kind.endswith("Binding"):
        yield from _role_ref(at(resource.props, "roleRef"))
        yield from _each(resource.props.get("subjects"), "subjects", _subject)
    else:
        yield from _each(resource.props.get("rules"), "rules", _rule)


def _each(value: Plain, path: str, check: Callable[[Plain, str], Iterator[Finding]]) -> Iterator[Finding]:
    if value is UNKNOWN:
        yield NotYetKnown(path)
    for index, item in enumerate(value if isinstance(value, list) else []):
        if item is UNKNOWN:
            yield NotYetKnown(join(path, index))
        else:
            yield from check(item, join(path, index))


def _rule(rule: Plain, path: str) -> Iterator[Finding]:
    for field in _FIELDS:
        check = _verb if field == "verbs" else _name
        yield from _each(at(rule, field), join(path, field), check)


def _verb(verb: Plain, path: str) -> Iterator[Finding]:
    if verb in _ESCALATING:
        yield Violation(f"lets its holder take more rights; allowed is any verb but `*`, {_listed(_ESCALATING)}", path)
    else:
        yield from _name(verb, path)


def _name(name: Plain, path: str) -> Iterator[Finding]:
    # `*/scale` covers every resource that has the subresource, `/*` every URL.
    if isinstance(name, str) and (name == "*" or name.startswith(("*/", "/*"))):
        yield Violation("is a wildcard; allowed are the names that are needed", path)


def _role_ref(ref: Plain) -> Iterator[Finding]:
    kind, name = at(ref, "kind"), at(ref, "name")
    if kind == "Role":
        return
    if name is UNKNOWN:
        yield NotYetKnown("roleRef.name")
    elif name == "cluster-admin" and kind is UNKNOWN:
        yield NotYetKnown("roleRef.kind")
    elif name == "cluster-admin":
        yield Violation("gives every right; allowed is any role but `cluster-admin`", "roleRef.name")


def _subject(subject: Plain, path: str) -> Iterator[Finding]:
    name = at(subject, "name")
    if name is UNKNOWN:
        yield NotYetKnown(join(path, "name"))
    elif name in _SUBJECTS:
        yield Violation(
            f"may not be bound to a role; allowed is any subject but {_listed(_SUBJECTS)}", join(path, "name")
        )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _role(kind: str = "Role", **rule: Plain) -> Resource:
    return sample(f"rbac.authorization.k8s.io/v1:{kind}", rules=[rule])


def _binding(role: str, subject: str, kind: str = "RoleBinding") -> Resource:
    ref: Plain = {"kind": "ClusterRole", "name": role}
    return sample(f"rbac.authorization.k8s.io/v1:{kind}", roleRef=ref, subjects=[{"kind": "Group", "name": subject}])


RULE = Rule(
    id="rbac_wildcard",
    title="Roles have no wildcards and bindings no superusers",
    severity=Severity.CRITICAL,
    why="A wildcard also grants what is added to the cluster later; escalate, bind and impersonate grant the rest.",
    remedy="List the API groups, resources and verbs that are used; bind teams to roles of their own.",
    standards=(
        "CIS Kubernetes 1.10 5.1.1",
        "CIS Kubernetes 1.10 5.1.3",
        "CIS Kubernetes 1.10 5.1.7",
        "CIS Kubernetes 1.10 5.1.8",
        "CIS EKS 1.7.0 4.1.1",
        "CIS EKS 1.7.0 4.1.3",
        "CIS EKS 1.7.0 4.1.8",
    ),
    types=kubernetes(
        Role="rbac.authorization.k8s.io",
        ClusterRole="rbac.authorization.k8s.io",
        RoleBinding="rbac.authorization.k8s.io",
        ClusterRoleBinding="rbac.authorization.k8s.io",
    ),
    check=_check,
    passing=(
        _role(apiGroups=[""], resources=["pods", "pods/log"], verbs=["get", "list"]),
        _role("ClusterRole", nonResourceURLs=["/metrics"], verbs=["get"]),
        sample("rbac.authorization.k8s.io/v1:ClusterRole", aggregationRule={"clusterRoleSelectors": []}),
        _binding("view", "team-a"),
        sample("rbac.authorization.k8s.io/v1:RoleBinding", roleRef={"kind": "Role", "name": "cluster-admin"}),
    ),
    failing=(
        _role(apiGroups=[""], resources=["pods"], verbs=["*"]),
        _role("ClusterRole", apiGroups=[""], resources=["*"], verbs=["get"]),
        _role("RolePatch", apiGroups=["*"], resources=["pods"], verbs=["get"]),
        _role(apiGroups=["apps"], resources=["*/scale"], verbs=["patch"]),
        _role("ClusterRole", nonResourceURLs=["*"], verbs=["get"]),
        *(_role("ClusterRole", apiGroups=[""], resources=["users"], verbs=[verb]) for verb in _ESCALATING),
        _binding("cluster-admin", "team-a"),
        _binding("cluster-admin", "team-a", "ClusterRoleBinding"),
        *(_binding("view", subject, "ClusterRoleBinding") for subject in _SUBJECTS),
        sample("rbac.authorization.k8s.io/v1:RoleList", items=[{"rules": [{"verbs": ["*"]}]}]),
    ),
)
