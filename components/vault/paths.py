"""Where things are in Vault. All that is a team's lies below `team/TEAM/`: a rule about it is one about a path."""

from __future__ import annotations

import re

GITLAB = "gitlab"
KUBERNETES = "kubernetes"
PEOPLE = "people"
"""Mounts of the auth methods."""

AUDIENCE = "vault"
"""What a service account's token must be made for; one for the API server opens nothing here."""

PKI_ROOT = "pki-root"
PKI = "pki"
PKI_ROLE = "platform"
"""Mounts of the certificate authorities, and the role that certificates are asked from."""

KEY = "main"
"""Name of a team's transit key."""

CONNECTION = "postgresql"
"""Name of the connection of a team's database."""

POD_ROLE = "application"
PEOPLE_ROLE = "reader"
"""Roles of a team's database: what pods get, and what people get."""

AWS_ROLE = "deploy"
"""Role of a team's AWS engine."""

DEPLOY = "idp-deploy"
PREVIEW = "idp-preview"
"""Roles and policies of the platform's own pipelines."""

_TEAM = re.compile("[a-z]([a-z0-9-]*[a-z0-9])?")


def team(name: str) -> str:
    """Return the folder of a team, or raise ValueError where the name could lead elsewhere (`*` and `+` match)."""
    if not _TEAM.fullmatch(name):
        raise ValueError(f"{name!r} is not allowed: a DNS label")
    return f"team/{name}"


def kv(name: str) -> str:
    """Return the mount of a team's versioned secrets."""
    return f"{team(name)}/kv"


def transit(name: str) -> str:
    """Return the mount of a team's encryption as a service."""
    return f"{team(name)}/transit"


def database(name: str) -> str:
    """Return the mount of a team's database credentials."""
    return f"{team(name)}/database"


def aws(name: str) -> str:
    """Return the mount of a team's AWS credentials."""
    return f"{team(name)}/aws"
