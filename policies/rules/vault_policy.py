"""Policies of Vault make no second root."""

from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import exactly
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared
from policies.vault import Grant, grants

_POLICY = "vault:index/policy:Policy"
_OWN_RIGHTS = (
    "sys/policies/acl/thing5f1c",
    "sys/policy/thing5f1c",
    "identity/entity/id/thing5f1c",
    "identity/entity/name/thing5f1c",
)
"""Paths where whoever writes any entry gives himself what he likes; only a wildcard covers these."""


def _check(resource: Resource) -> Iterator[Finding]:
    policy = at(resource.props, "policy")
    if policy is UNKNOWN:
        yield NotYetKnown("policy")
        return
    found = grants(policy)
    if found is None:
        yield Violation("is no policy that can be read; allowed are blocks `path` with capabilities", "policy")
    for grant in found or ():
        yield from _judge(grant)


def _judge(grant: Grant) -> Iterator[Finding]:
    if "deny" in grant.capabilities or not grant.capabilities:
        return
    if "sudo" in grant.capabilities:
        yield Violation("has `sudo`; allowed are the capabilities that a path needs, but this one", "policy")
    if not grant.path.strip("+/*"):
        yield Violation("is about every path; allowed are paths that begin with the name of a mount", "policy")
    elif grant.writes and any(grant.covers(path) for path in _OWN_RIGHTS):
        yield Violation("writes any policy or entity; allowed are those by name", "policy")


def _hcl(text: Plain) -> Resource:
    return declared(_POLICY, policy=text)


def _json(path: str, *capabilities: str) -> Resource:
    listed = ", ".join(f'"{one}"' for one in capabilities)
    return declared(_POLICY, policy=f'{{"path": {{"{path}": {{"capabilities": [{listed}]}}}}}}')


RULE = Rule(
    id="vault_policy",
    title="Policies of Vault allow neither everything nor sudo",
    severity=Severity.CRITICAL,
    why="Who has every path, sudo or the writing of policies is root, but with a token that nobody watches as one.",
    remedy="List the paths that are used, mount by mount; for a task that needs root the keepers make a token.",
    types=exactly(Policy=_POLICY),
    check=_check,
    passing=(
        _hcl(""),
        _hcl('path "team/a/kv/data/*" { capabilities = ["read", "list"] }'),
        _hcl('path "sys/policies/acl/*" {\n  capabilities = ["read"] # no more\n}'),
        _hcl('path "*" { capabilities = ["deny"] }\npath "+/a" { policy = "read" }'),
        _json("sys/policies/acl/team-*", "create", "update"),
        _json("identity/entity/id/{{identity.entity.id}}", "update"),
        _json("auth/token/renew-self", "update"),
    ),
    failing=(
        _hcl('path "*" { capabilities = ["read"] }'),
        _hcl('path "a/*" { capabilities = ["read"] }\npath "+/*" { capabilities = ["list"] }'),
        _hcl('path "+/+" { policy = "write" }'),
        _hcl('path "sys/audit" { capabilities = ["read", "sudo"] }'),
        _hcl('path "sys/audit" { policy = "sudo" }'),
        _json("sys/*", "update"),
        _json("/sys/policies/acl/*", "create"),
        _json("sys/policy/+", "update"),
        _json("identity/*", "patch"),
        _json("identity/entity/name/*", "update"),
        _json("*", "create", "read", "update", "delete", "list", "sudo"),
        _hcl('{"path": {"a": {"capabilities": ["read"]}, "a": {"capabilities": ["sudo"]}}}'),
        _hcl("path"),
        _hcl('path "a" {'),
        _hcl('path "a" { policy = "root" }'),
        _hcl('{"path": ["a"]}'),
        _hcl("[]"),
        declared(_POLICY),
    ),
)
