"""What runs, and whether it is of use."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ComponentStatus:
    """One process of the cluster."""

    name: str
    pid: int | None
    running: bool
    log: Path


@dataclass(frozen=True)
class Status:
    """The cluster as it is at one moment."""

    components: tuple[ComponentStatus, ...]
    ready: bool
    """All components run, the API server is ready, the node is Ready, DNS answers, policies are enforced."""
    waiting_for: tuple[str, ...]
    """One line for each thing that is missing until it is ready."""
    kubeconfig: Path | None
    """The administrator's kubeconfig; None before the first start."""
    server: str | None
    """URL of the API server on 127.0.0.1."""
    identity: str | None
    """`sha256:HEX` of the authority's certificate: stays the same until the cluster is purged."""
    forwards: dict[str, int]
    """Name to port on 127.0.0.1."""

    def as_json(self) -> dict[str, Any]:
        """Return a structure of plain JSON types."""
        content = asdict(self)
        content["components"] = [{**asdict(part), "log": str(part.log)} for part in self.components]
        content["waiting_for"] = list(self.waiting_for)
        content["kubeconfig"] = None if self.kubeconfig is None else str(self.kubeconfig)
        return content
