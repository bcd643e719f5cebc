"""What is configured inside Vault: its policies, in JSON or HCL, and who gets tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies import hcl
from policies.iam import listed
from policies.kinds import exactly
from policies.plain import Plain

LOGIN_ROLES = exactly(
    JwtRole="vault:jwt/authBackendRole:AuthBackendRole",
    KubernetesRole="vault:kubernetes/authBackendRole:AuthBackendRole",
    AppRole="vault:appRole/authBackendRole:AuthBackendRole",
    AwsRole="vault:aws/authBackendRole:AuthBackendRole",
    AzureRole="vault:azure/authBackendRole:AuthBackendRole",
    GcpRole="vault:gcp/authBackendRole:AuthBackendRole",
    CfRole="vault:cf/authBackendRole:AuthBackendRole",
    AlicloudRole="vault:alicloud/authBackendRole:AuthBackendRole",
    CertRole="vault:index/certAuthBackendRole:CertAuthBackendRole",
    OciRole="vault:index/ociAuthBackendRole:OciAuthBackendRole",
    ScepRole="vault:index/scepAuthBackendRole:ScepAuthBackendRole",
    TokenRole="vault:tokenauth/authBackendRole:AuthBackendRole",
    GithubLogin="vault:github/authBackend:AuthBackend",
    LdapLogin="vault:ldap/authBackend:AuthBackend",
    OktaLogin="vault:okta/authBackend:AuthBackend",
    RadiusLogin="vault:radius/authBackend:AuthBackend",
    User="vault:index/userpassAuthBackendUser:UserpassAuthBackendUser",
)
"""Types that say what a login gives, with the settings of tokens that all auth methods share."""

_LEGACY = {
    "deny": ("deny",),
    "read": ("read", "list"),
    "write": ("create", "read", "update", "delete", "list"),
    "sudo": ("create", "read", "update", "delete", "list", "sudo"),
}
"""What `policy = "write"` stood for before there were capabilities (ParseACLPolicy in vault/policy.go of Vault)."""

_WRITING = frozenset({"create", "update", "patch"})


@dataclass(frozen=True)
class Grant:
    """What a policy allows on a path."""

    path: str
    """`*` at its end is any rest, `+` exactly one part."""
    capabilities: frozenset[str]

    @property
    def writes(self) -> bool:
        """Tell whether it can change what is there."""
        return bool(self.capabilities & _WRITING)

    def covers(self, path: str) -> bool:
        """Tell whether a path is among those that are meant."""
        head, star = self.path.removesuffix("*"), self.path.endswith("*")
        parts = "/".join("[^/]+" if part == "+" else re.escape(part) for part in head.split("/"))
        return re.fullmatch(parts + (".*" if star else ""), path) is not None


def grants(text: Plain) -> list[Grant] | None:
    """Return what a policy document allows; None where it can't be read."""
    if not isinstance(text, str):
        return None
    try:
        return [_grant(path, rules) for path, rules in _paths(hcl.read(text))]
    except ValueError:
        return None


def _paths(document: Plain) -> Iterator[tuple[str, Plain]]:
    """Yield each path with its rules; a list of mappings is one, as in HCL's own JSON.

    Raises ValueError for anything that is no policy.
    """
    if not isinstance(document, dict):
        raise ValueError("no mapping")
    for group in listed(document.get("path")):
        if not isinstance(group, dict):
            raise ValueError("path: no mapping")
        for path, several in group.items():
            for rules in listed(several):
                yield path, rules


def _grant(path: str, rules: Plain) -> Grant:
    if not isinstance(rules, dict):
        raise ValueError("no mapping")
    named = [*_texts(rules.get("capabilities")), *(one for word in _texts(rules.get("policy")) for one in _older(word))]
    return Grant(path.removeprefix("/"), frozenset(named))


def _texts(value: Plain) -> list[str]:
    found = [one for one in listed(value) if isinstance(one, str)]
    if len(found) != len(listed(value)):
        raise ValueError("not texts")
    return found


def _older(word: str) -> tuple[str, ...]:
    if word not in _LEGACY:
        raise ValueError("policy: not a word of Vault's")
    return _LEGACY[word]
