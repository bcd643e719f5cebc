"""What teams, secrets and their fields may be called on the command line."""

from __future__ import annotations

import re

from environments import Environment
from idp.errors import Exit, IdpError

LONGEST = 300
"""Characters of a path; what Vault's storage takes is far more."""

_PART = re.compile(r"[A-Za-z0-9_.@:-]+")
_FIELD = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_ALLOWED = (
    f"parts of letters, digits and _ . - @ : joined by /, none of them . or .., no / first or last, "
    f"at most {LONGEST} characters"
)


def check_team(environment: Environment, team: str) -> None:
    """Raise `IdpError(INVALID)` unless a workspace of the environment has this name."""
    there = [one.name for one in environment.workspaces]
    if team not in there:
        allowed = f"one of {', '.join(there)}" if there else f"{environment.name} has no workspace"
        raise IdpError(f"TEAM: {team!r} is not allowed: {allowed}", Exit.INVALID)


def check_path(path: str) -> str:
    """Return the path of a secret below the team's mount, or raise `IdpError(INVALID)`."""
    parts = path.split("/")
    if len(path) > LONGEST or not all(_PART.fullmatch(part) and part not in (".", "..") for part in parts):
        raise IdpError(f"PATH: {path[:LONGEST]!r} is not allowed: {_ALLOWED}", Exit.INVALID)
    return path


def check_folder(path: str | None) -> str:
    """Return the path of a folder, "" for the whole mount; a / at its end is what `list` itself shows."""
    return "" if path is None else check_path(path.removesuffix("/"))


def is_field(name: str) -> bool:
    """Tell whether a field can be called so."""
    return _FIELD.fullmatch(name) is not None


def check_field(name: str) -> str:
    """Return the name of a field, or raise `IdpError(INVALID)`."""
    if not is_field(name):
        raise IdpError(f"--field: {name!r} is not allowed: {FIELDS}", Exit.INVALID)
    return name


FIELDS = "1 to 100 letters, digits and _ . -"
