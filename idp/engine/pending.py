"""Creations that a crash left unfinished: begun for sure, and perhaps done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from idp import paths
from idp.engine import ids
from idp.engine.recovery import checkpoint
from idp.engine.settings import EngineSettings

State = dict[str, Any]
"""A deployment as `pulumi stack export` prints it (version 3)."""

UNSETTLED = paths.WORK / "unsettled"
"""A file for each layer whose state claims what has not been looked for yet; outlives a crash of the recovery."""


def pending(settings: EngineSettings, layer: str) -> bool:
    """Return whether the last update of the layer, or the recovery from it, ended in the middle of an operation."""
    return bool(checkpoint(settings, layer).get("pending_operations")) or _marker(settings.environment, layer).exists()


def begin(environment: str, layer: str) -> None:
    """Write down that the layer's state is about to claim what may not exist."""
    UNSETTLED.mkdir(mode=0o700, parents=True, exist_ok=True)
    _marker(environment, layer).touch()


def end(environment: str, layer: str) -> None:
    """Write down that the layer's state has been compared with what exists."""
    _marker(environment, layer).unlink(missing_ok=True)


def adopt(deployment: State) -> State:
    """Return a deployment whose pending creations are resources like any other, where their ids are known.

    A refresh then finds out which of them exist and drops the rest. The engine alone forgets them all: an object that
    was created, and that the program names no longer, would stay in the cluster for ever, and what Vault mounted could
    not be mounted again. Where only the creation tells the id, as in AWS, they are forgotten.
    """
    resources = list(deployment.get("resources") or [])
    known = {resource["urn"] for resource in resources}
    found = [resource for resource in _created(deployment) if resource["urn"] not in known]
    return {**deployment, "resources": [*resources, *found], "pending_operations": []}


def _marker(environment: str, layer: str) -> Path:
    return UNSETTLED / f"{environment}.{layer}"


def _created(deployment: State) -> Iterator[State]:
    for operation in deployment.get("pending_operations") or []:
        resource = operation["resource"]
        known = ids.known(resource["type"], resource.get("inputs") or {})
        if operation["type"] == "creating" and known is not None:
            yield {**resource, "id": known, "outputs": resource["inputs"]}
