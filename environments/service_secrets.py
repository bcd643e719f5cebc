"""The secrets of a service: which of them its pods see as which files. Names, never values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from environments.broken import Broken, repeated
from environments.part import Part
from environments.vocabulary import Flag, SecretField, SecretFileName, SecretPath

if TYPE_CHECKING:
    from environments.model import Workspace

AGENT_CPU = "5m"
AGENT_MEMORY = "64Mi"
"""What a pod with secrets needs besides its service."""


class ServiceSecret(Part):
    """A file in `/vault/secrets` of a service's pods, kept as Vault has it."""

    file: SecretFileName = Field(description="Name of the file, unique in its service.")
    path: SecretPath = Field(
        description="Path of the secret below `app/` in the team's mount: `vault kv put -mount=team/TEAM/kv app/PATH`."
    )
    field: SecretField | None = Field(
        default=None, description="Field whose value the file holds; null is the whole secret, as a JSON object."
    )
    optional: Flag = Field(
        default=False,
        description="Whether pods start without it: the file then comes as soon as the secret is there.",
    )


def broken_secrets(workspaces: Mapping[int, Workspace], *, has_secrets: bool) -> Iterator[Broken]:
    """Yield each broken rule; workspaces are by their position in the file."""
    for position, workspace in workspaces.items():
        for number, service in enumerate(workspace.services):
            place = ("workspaces", position, "services", number, "secrets")
            yield from repeated([secret.file for secret in service.secrets], place, "file")
            if service.secrets and not has_secrets:
                allowed = "nothing: only an environment with `secrets` has a use for it"
                yield Broken(place, service.secrets, allowed)
