"""A program reads the secrets that it was made to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from policies.condition import Filled, Not, Scope, all_of
from policies.demand import ITEM
from policies.kinds import kubernetes
from policies.plain import UNKNOWN, Plain, at
from policies.rbac import GROUP, NAMES, binding, grants, role
from policies.rule import Finding, NotYetKnown, Resource, Severity, StackRule, Violation
from policies.truth import Truth, every, some

_ANY = all_of(grants("", ("secrets",), ("get", "list", "watch")), Not(Filled(NAMES)))


def _check(resources: Sequence[Resource]) -> Iterator[Finding]:
    whole = [found for found in resources if not found.patch]
    bindings = [found for found in whole if found.kind == "RoleBinding"]
    for found in whole:
        if found.kind == "Role":
            read = every((_reads(found.props.get("rules")), some(_binds(one, found) for one in bindings)))
            if read is None:
                yield NotYetKnown("rules", found)
            elif read:
                yield Violation(
                    "reads every secret of the namespace and is bound to a service account; allowed are those in "
                    "`resourceNames`",
                    "rules",
                    found,
                )


def _reads(rules: Plain) -> Truth:
    return _some_of(rules, lambda rule: _ANY.truth(Scope({ITEM: rule})))


def _binds(one: Resource, found: Resource) -> Truth:
    ref, place = at(one.props, "roleRef"), ("metadata", "namespace")
    return every(
        (
            _same(at(ref, "kind"), "Role"),
            _same(at(ref, "name"), at(found.props, "metadata", "name")),
            _same(at(one.props, *place), at(found.props, *place)),
            _some_of(one.props.get("subjects"), lambda subject: _same(at(subject, "kind"), "ServiceAccount")),
        )
    )


def _some_of(values: Plain, holds: Callable[[Plain], Truth]) -> Truth:
    if values is UNKNOWN:
        return None
    listed = values if isinstance(values, list) else []
    return some(None if value is UNKNOWN else holds(value) for value in listed)


def _same(one: Plain, other: Plain) -> Truth:
    return None if one is UNKNOWN or other is UNKNOWN else one == other


def _bound(to: str = "role", of: str = "ServiceAccount", typed: str = "RoleBinding") -> Resource:
    return binding("runner", to, kind=typed, of=of, to="Role")


def _role(**more: Plain) -> Resource:
    return role("", "secrets", "get", "list", kind="Role", **more)


RULE = StackRule(
    id="rbac_secrets_of_accounts",
    title="Service accounts read secrets by name",
    severity=Severity.HIGH,
    why="A program that is broken into gives away what it may read; people answer for what they read, programs don't.",
    remedy="Name the secrets in `resourceNames`, or mount them into the pod and leave the right out.",
    standards=("CIS Kubernetes 1.10 5.1.2", "CIS EKS 1.7.0 4.1.2"),
    types=kubernetes(Role=GROUP, RoleBinding=GROUP),
    check=_check,
    passing=(
        (_role(), _bound(of="Group")),
        (_role(), _bound("other")),
        (_role(resourceNames=["ca"]), _bound()),
        (_role(), _bound(typed="RoleBindingPatch")),
        (_role(),),
    ),
    failing=((_role(), _bound()), (_role(verbs=["*"]), _bound("other"), _bound())),
)
