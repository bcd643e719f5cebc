"""Creations that a crash left unfinished: begun for sure, and perhaps done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from idp import paths
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
    """Return a deployment whose pending creations of Kubernetes objects are resources like any other.

    A refresh then finds out which of them exist and drops the rest. The engine alone forgets them all: an object that
    was created, and that the program names no longer, would stay in the cluster for ever. Of other providers the id
    is not known before the creation has ended: theirs are forgotten.
    """
    resources = list(deployment.get("resources") or [])
    known = {resource["urn"] for resource in resources}
    found = [resource for resource in _objects(deployment) if resource["urn"] not in known]
    return {**deployment, "resources": [*resources, *found], "pending_operations": []}


def _marker(environment: str, layer: str) -> Path:
    return UNSETTLED / f"{environment}.{layer}"


def _objects(deployment: State) -> Iterator[State]:
    for operation in deployment.get("pending_operations") or []:
        resource = operation["resource"]
        name = _id(resource.get("inputs") or {})
        if operation["type"] == "creating" and resource["type"].startswith("kubernetes:") and name is not None:
            yield {**resource, "id": name, "outputs": resource["inputs"]}


def _id(inputs: Mapping[str, Any]) -> str | None:
    """Return the id that the Kubernetes provider gives an object: `NAMESPACE/NAME` or `NAME`."""
    metadata = inputs.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        return None
    namespace, name = metadata.get("namespace"), str(metadata["name"])
    return f"{namespace}/{name}" if namespace else name
