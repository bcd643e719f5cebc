"""A role of Vault is for service accounts of namespaces that somebody named."""

from __future__ import annotations

from collections.abc import Iterator

from policies.iam import listed
from policies.kinds import exactly
from policies.plain import UNKNOWN, Plain, at, join
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared

_NAMES = ("boundServiceAccountNames", "boundServiceAccountNamespaces")


def _check(resource: Resource) -> Iterator[Finding]:
    for key in _NAMES:
        yield from _names(at(resource.props, key), key)
    if at(resource.props, "boundServiceAccountNamespaceSelector") not in (None, ""):
        yield from _selected(resource)
    elif at(resource.props, "boundServiceAccountNamespaces") in (None, []):
        yield Violation("is missing; allowed are namespaces by name", "boundServiceAccountNamespaces")
    audience = at(resource.props, "audience")
    if audience is UNKNOWN:
        yield NotYetKnown("audience")
    elif not audience:
        yield Violation("is missing; allowed is a name that tokens for the API server do not have", "audience")


def _names(named: Plain, key: str) -> Iterator[Finding]:
    if named is UNKNOWN:
        yield NotYetKnown(key)
        return
    for index, name in enumerate(listed(named)):
        if name is UNKNOWN:
            yield NotYetKnown(join(key, index))
        elif not isinstance(name, str) or "*" in name:
            yield Violation("is a pattern; allowed are names", join(key, index))


def _selected(resource: Resource) -> Iterator[Finding]:
    """Judge a selector of namespaces: whoever labels a namespace chooses who logs in."""
    value = at(resource.props, "boundServiceAccountNamespaceSelector")
    if value is UNKNOWN:
        yield NotYetKnown("boundServiceAccountNamespaceSelector")
    else:
        yield Violation(
            "takes every namespace with a label; allowed are namespaces by name", "boundServiceAccountNamespaceSelector"
        )


def _role(**changes: Plain) -> Resource:
    good: dict[str, Plain] = {
        "boundServiceAccountNames": ["app"],
        "boundServiceAccountNamespaces": ["team"],
        "audience": "vault",
    }
    return declared("vault:kubernetes/authBackendRole:AuthBackendRole", **{**good, **changes})


RULE = Rule(
    id="vault_kubernetes_role",
    title="Pods log in to Vault by namespace, account and audience",
    severity=Severity.HIGH,
    why="With `*` whoever may make a service account, in any namespace, has the secrets of all.",
    remedy="Name service account and namespace, and set `audience`; make a role for each workload.",
    types=exactly(KubernetesRole="vault:kubernetes/authBackendRole:AuthBackendRole"),
    check=_check,
    passing=(
        _role(),
        _role(boundServiceAccountNames=["app", "job"], boundServiceAccountNamespaceSelector=""),
    ),
    failing=(
        _role(boundServiceAccountNames=["*"]),
        _role(boundServiceAccountNames=["app", "team-*"]),
        _role(boundServiceAccountNamespaces=["*"]),
        _role(boundServiceAccountNamespaces=[]),
        _role(boundServiceAccountNamespaces=None),
        _role(boundServiceAccountNamespaces=None, boundServiceAccountNamespaceSelector='{"matchLabels": {}}'),
        _role(audience=None),
        _role(audience=""),
    ),
)
