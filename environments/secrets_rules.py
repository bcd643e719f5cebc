"""Rules of secrets that no single value can show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from environments.broken import Broken, Place

if TYPE_CHECKING:
    from environments.model import Workspace
    from environments.secrets import Secrets

NEEDING = ("gitlab_projects", "database", "aws_role_arn")
"""What a workspace says to no effect where nothing is configured inside Vault."""


def broken(secrets: Secrets | None, workspaces: Mapping[int, Workspace], *, has_secrets: bool) -> Iterator[Broken]:
    """Yield each broken rule; `secrets` is None where there is no such part, or it has faults (`has_secrets`)."""
    yield from _projects(secrets, workspaces)
    for position, workspace in workspaces.items():
        place = ("workspaces", position)
        if not has_secrets:
            for name in NEEDING:
                if value := getattr(workspace, name):
                    yield Broken((*place, name), value, "nothing: only an environment with `secrets` has a use for it")
        elif secrets is not None:
            yield from _without_effect(secrets, workspace, place)


def _without_effect(secrets: Secrets, workspace: Workspace, place: Place) -> Iterator[Broken]:
    if workspace.aws_role_arn is not None and secrets.aws_region is None:
        allowed = "null: `secrets.aws_region` is null, so Vault hands out no credentials of AWS"
        yield Broken((*place, "aws_role_arn"), workspace.aws_role_arn, allowed)
    if workspace.gitlab_projects and secrets.gitlab is None:
        allowed = "nothing: `secrets.gitlab` is null, so no pipeline logs in"
        yield Broken((*place, "gitlab_projects"), workspace.gitlab_projects, allowed)


def _projects(secrets: Secrets | None, workspaces: Mapping[int, Workspace]) -> Iterator[Broken]:
    """Yield projects that are there twice: their pipelines would get the secrets of both."""
    taken: dict[str | int, str] = {}
    for place, path, number in _every(secrets, workspaces):
        for key, value in (("path", path), ("id", number)):
            first = taken.setdefault(value, _spoken(place))
            if first != _spoken(place):
                yield Broken((*place, key), value, f"a project that is not taken yet ({first} is this one)")


def _every(secrets: Secrets | None, workspaces: Mapping[int, Workspace]) -> Iterator[tuple[Place, str, int]]:
    for position, own in enumerate(secrets.gitlab.projects if secrets and secrets.gitlab else ()):
        yield ("secrets", "gitlab", "projects", position), own.path, own.id
    for index, workspace in workspaces.items():
        for position, project in enumerate(workspace.gitlab_projects):
            yield ("workspaces", index, "gitlab_projects", position), project.path, project.id


def _spoken(place: Place) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")
