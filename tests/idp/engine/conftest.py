"""A file backend in miniature."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.engine.settings import EngineSettings


@dataclass(frozen=True)
class Backend:
    """A folder as the engine's file backend lays it out, for the environment `local`."""

    settings: EngineSettings
    folder: Path

    def checkpoint(self, layer: str, content: str | dict[str, Any]) -> Path:
        """Write the state of a layer: as it is, or the deployment that it is to hold."""
        path = self.folder / ".pulumi/stacks/idp" / f"local.{layer}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps({"version": 3, "checkpoint": {"latest": content}})
        path.write_text(text)
        return path

    def lock(self, layer: str, name: str = "a", **fields: object) -> Path:
        """Write a lock of an engine on this machine; `fields` replaces or, with None, removes some of it."""
        path = self.folder / ".pulumi/locks/organization/idp" / f"local.{layer}" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        found = {
            "pid": 99999999,
            "username": "somebody",
            "hostname": socket.gethostname(),
            "timestamp": "2026-11-23T15:00:00Z",
            **fields,
        }
        path.write_text(json.dumps({key: value for key, value in found.items() if value is not None}))
        return path


@pytest.fixture
def backend(work: Path) -> Backend:
    """Return an empty file backend."""
    folder = work / "state"
    folder.mkdir(parents=True)
    return Backend(EngineSettings("local", f"file://{folder}", "passphrase", {}), folder)


@pytest.fixture
def remote() -> EngineSettings:
    """Return the settings of an environment whose state is elsewhere."""
    return EngineSettings("dev", "s3://acme-idp-state/dev", "awskms://alias/idp-dev", {})
