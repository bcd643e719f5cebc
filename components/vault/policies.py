"""Who may do what in Vault, as pure functions from a team's name to a policy document.

Nothing is granted but what is named; Vault denies the rest. A policy has no `deny`: it would win over every other
policy of the same person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from components.vault import paths

Rules = Mapping[str, Sequence[str]]
"""Path -> capabilities. `*` at the end of a path matches any rest, `+` exactly one part."""

KINDS = ("reader", "developer", "maintainer", "job", "protected-job", "pod")
"""What there is for each team, in the words of the environment file and of GitLab."""

_MANAGE = ("create", "read", "update", "delete")
_SUDO = (*_MANAGE, "sudo")
"""Vault wants `sudo` for these paths of its own (developer.hashicorp.com/vault/docs/concepts/policies, Root protected
API endpoints)."""


def document(rules: Rules) -> str:
    """Return a policy document as JSON text, which Vault keeps as it is."""
    return json.dumps({"path": {path: {"capabilities": list(can)} for path, can in rules.items()}}, sort_keys=True)


def name(kind: str, team: str) -> str:
    """Return the name of a policy of a team. No two teams share one: no kind is the beginning of another."""
    return f"{kind}-{team}"


def of_team(team: str) -> Mapping[str, Rules]:
    """Return the rules of each of `KINDS` for a team; ValueError for a name that is no DNS label."""
    kv, transit, database = paths.kv(team), paths.transit(team), paths.database(team)
    looking: Rules = {f"{kv}/metadata/*": ("list", "read")}
    debugging: Rules = {f"{database}/creds/{paths.PEOPLE_ROLE}": ("read",)}
    crypting: Rules = {
        f"{transit}/encrypt/{paths.KEY}": ("update",),
        f"{transit}/decrypt/{paths.KEY}": ("update",),
    }
    keeping: Rules = {
        f"{kv}/data/*": (*_MANAGE, "patch"),
        f"{kv}/metadata/*": (*_MANAGE, "list", "patch"),
        # Names of fields without their values.
        f"{kv}/subkeys/*": ("read",),
        f"{kv}/delete/*": ("update",),
        f"{kv}/undelete/*": ("update",),
        f"{kv}/destroy/*": ("update",),
        f"{transit}/keys/{paths.KEY}": ("read",),
        f"{transit}/keys/{paths.KEY}/rotate": ("update",),
        f"{transit}/rewrap/{paths.KEY}": ("update",),
    }
    any_job: Rules = {f"{kv}/data/ci/*": ("read",)}
    return MappingProxyType(
        {
            "reader": looking,
            "developer": {**looking, **debugging},
            "maintainer": {**keeping, **debugging, **crypting},
            "job": any_job,
            "protected-job": {
                **any_job,
                **crypting,
                f"{kv}/data/deploy/*": ("read",),
                f"{paths.aws(team)}/sts/{paths.AWS_ROLE}": ("read",),
            },
            "pod": {
                **crypting,
                f"{kv}/data/app/*": ("read",),
                f"{database}/creds/{paths.POD_ROLE}": ("read",),
            },
        }
    )


def preview() -> Rules:
    """Return what a preview of the layer needs, which changes nothing and reads no secret.

    Auth methods and audit devices can be read with `sudo` only, so a preview that refreshes is the deploy role's.
    """
    return {
        "auth/token/create": ("update",),
        **dict.fromkeys(("sys/mounts", "sys/mounts/*", "sys/auth"), ("read",)),
        **dict.fromkeys(_settings(), ("read",)),
        **{f"sys/policies/acl/{name(kind, '*')}": ("read",) for kind in KINDS},
        "sys/policies/acl/idp-*": ("read",),
        "sys/quotas/rate-limit/*": ("read",),
    }


def deploy() -> Rules:
    """Return what an update of the layer needs: all that is configured, and no secret of any team.

    Whoever writes policies can give himself what they allow; that is what an administrator is. Every such write is in
    the audit log, and the policy of the deploy role itself, `idp-deploy`, is not among those that it may write.
    """
    logins = (paths.GITLAB, paths.KUBERNETES, paths.PEOPLE)
    return {
        "auth/token/create": ("update",),
        "sys/mounts": ("read",),
        "sys/mounts/team/*": _MANAGE,
        **{f"sys/mounts/{mount}{end}": _MANAGE for mount in (paths.PKI, paths.PKI_ROOT) for end in ("", "/tune")},
        "sys/auth": ("read",),
        **{f"sys/auth/{login}{end}": _SUDO for login in logins for end in ("", "/tune")},
        "sys/audit": ("read", "sudo"),
        **{f"sys/audit/{device}": _SUDO for device in ("file", "stdout")},
        "sys/policies/acl": ("list",),
        **{f"sys/policies/acl/{name(kind, '*')}": _MANAGE for kind in KINDS},
        f"sys/policies/acl/{paths.PREVIEW}": _MANAGE,
        "sys/quotas/rate-limit": ("list",),
        "sys/quotas/rate-limit/*": _MANAGE,
        **dict.fromkeys(_settings(), _MANAGE),
        # Of a connection it may write anything; so it gains nothing by a password that it is not told.
        f"team/+/database/rotate-root/{paths.CONNECTION}": ("update",),
        **_authorities(),
        **dict.fromkeys(("identity/group", "identity/group-alias"), _MANAGE),
        **dict.fromkeys(("identity/group/id/*", "identity/group-alias/id/*"), _MANAGE),
    }


def _settings() -> list[str]:
    """Return the paths of what is configured in engines and auth methods."""
    logins = [f"auth/{login}/{of}" for login in (paths.GITLAB, paths.KUBERNETES, paths.PEOPLE) for of in _OF_LOGINS]
    engines = ["kv/config", "transit/keys/+", "transit/keys/+/config", "database/config/+", "database/roles/+"]
    engines += ["aws/config/root", "aws/roles/+"]
    return [*logins, *(f"team/+/{path}" for path in engines), f"{paths.PKI}/roles/+", f"{paths.PKI}/config/urls"]


_OF_LOGINS = ("config", "role/+")


def _authorities() -> Rules:
    """Return what makes the two certificate authorities; no certificate for anything else can be had by it."""
    return {
        f"{paths.PKI_ROOT}/issuers/generate/root/internal": ("update",),
        f"{paths.PKI_ROOT}/root/sign-intermediate": ("update",),
        f"{paths.PKI_ROOT}/cert/+": ("read",),
        f"{paths.PKI}/issuers/generate/intermediate/internal": ("update",),
        f"{paths.PKI}/intermediate/set-signed": ("update",),
        f"{paths.PKI}/key/+": ("read",),
        **{f"{mount}/issuer/+": ("read", "delete") for mount in (paths.PKI, paths.PKI_ROOT)},
    }
