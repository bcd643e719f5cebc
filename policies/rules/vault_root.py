"""No login gives a root token."""

from __future__ import annotations

from collections.abc import Iterator

from policies.iam import listed
from policies.kinds import Exactly, exactly
from policies.plain import UNKNOWN, Plain, at, join
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared
from policies.vault import LOGIN_ROLES

_HOLDERS = exactly(
    Group="vault:identity/group:Group",
    GroupPolicies="vault:identity/groupPolicies:GroupPolicies",
    Entity="vault:identity/entity:Entity",
    EntityPolicies="vault:identity/entityPolicies:EntityPolicies",
    MadeToken="vault:index/token:Token",
    GithubTeam="vault:github/team:Team",
    GithubUser="vault:github/user:User",
    LdapGroup="vault:ldap/authBackendGroup:AuthBackendGroup",
    LdapUser="vault:ldap/authBackendUser:AuthBackendUser",
    OktaGroup="vault:okta/authBackendGroup:AuthBackendGroup",
    OktaUser="vault:okta/authBackendUser:AuthBackendUser",
    RadiusUser="vault:radius/authBackendUser:AuthBackendUser",
)
_KEYS = ("tokenPolicies", "policies", "allowedPolicies")


def _check(resource: Resource) -> Iterator[Finding]:
    for key in _KEYS:
        named = at(resource.props, key)
        for index, policy in enumerate(listed(named)):
            yield from _judge(policy, key if named is UNKNOWN else join(key, index))
    # A token that names no policies has those of the token that makes it.
    if resource.kind == "MadeToken" and at(resource.props, "policies") in (None, []):
        yield Violation("has the policies of whoever makes it; allowed are policies by name", "policies")


def _judge(policy: Plain, path: str) -> Iterator[Finding]:
    if policy is UNKNOWN:
        yield NotYetKnown(path)
    elif isinstance(policy, str) and policy.strip().lower() == "root":
        yield Violation("is Vault's root; allowed are policies that name paths", path)


_ROLE, _GROUP, _TOKEN = (
    "vault:jwt/authBackendRole:AuthBackendRole",
    "vault:identity/group:Group",
    "vault:index/token:Token",
)

RULE = Rule(
    id="vault_root",
    title="No login of Vault is root",
    severity=Severity.CRITICAL,
    why="A root token never ends, obeys no policy and reads everybody's secrets.",
    remedy="Name a policy for the task; where root is needed, the keepers make a token for it and revoke it.",
    types=Exactly((*LOGIN_ROLES.kinds, *_HOLDERS.kinds)),
    check=_check,
    passing=(
        declared(_ROLE),
        declared(_ROLE, tokenPolicies=["job", "default"]),
        declared(_GROUP, policies=["rooted"]),
        declared(_TOKEN, policies=["job"]),
    ),
    failing=(
        declared(_ROLE, tokenPolicies=["job", "root"]),
        declared("vault:tokenauth/authBackendRole:AuthBackendRole", allowedPolicies=["Root "]),
        declared(_GROUP, policies=["root"]),
        declared("vault:identity/entity:Entity", policies=["root"]),
        declared("vault:ldap/authBackendGroup:AuthBackendGroup", policies=["root"]),
        declared(_TOKEN, policies=["root"]),
        declared(_TOKEN),
        declared(_TOKEN, policies=[]),
    ),
)
