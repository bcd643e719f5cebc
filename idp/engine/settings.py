"""With which settings the engine runs for an environment; what `idp env-vars` prints, too."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from environments import Environment
from idp import paths
from idp.files import write

_FILE = "file://"
_NO_SIDECARS = "?metadata=skip"
"""Without it a kill can leave an empty `.attrs` file beside the state, which the engine never reads past again:
those are not written in one piece as the state is (fileblob of gocloud.dev)."""


@dataclass(frozen=True)
class EngineSettings:
    """Where the engine keeps an environment's state, and how it seals secrets."""

    environment: str
    backend: str
    """URL of the state backend, as Pulumi takes it."""
    secrets_provider: str
    """Name or URL of the secrets provider, as Pulumi takes it."""
    variables: Mapping[str, str]
    """Environment variables of the engine; no value is a secret."""

    @property
    def home(self) -> Path:
        """The engine's PULUMI_HOME."""
        return Path(self.variables["PULUMI_HOME"])

    @property
    def state(self) -> Path | None:
        """Folder of the file backend; None if the state is elsewhere."""
        return Path(self.backend.removeprefix(_FILE).partition("?")[0]) if self.backend.startswith(_FILE) else None


def settings(environment: Environment, path: Path | None = None) -> EngineSettings:
    """Return the engine's settings for `environment`; creates nothing.

    `path` is a folder of tools that goes first on PATH.
    """
    state = environment.state
    backend = f"{_FILE}{paths.STATE}{_NO_SIDECARS}" if state.backend == "file" else state.backend
    variables = {
        "PULUMI_HOME": str(paths.PULUMI_HOMES / environment.name),
        "PULUMI_BACKEND_URL": backend,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Empty is unset to Python: programs and policies start twice as fast with their bytecode kept.
        "PYTHONDONTWRITEBYTECODE": "",
        # The engine reads any flag from PULUMI_OPTION_*: the policies guard stock `pulumi up`, too.
        "PULUMI_OPTION_POLICY_PACK": str(paths.POLICIES),
    }
    if state.secrets_provider == "passphrase":
        variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(paths.PASSPHRASE)
    if path is not None:
        variables["PATH"] = os.pathsep.join([str(path), os.environ.get("PATH", os.defpath)])
    return EngineSettings(environment.name, backend, state.secrets_provider, variables)


def prepare(settings: EngineSettings) -> None:
    """Create what the engine expects to exist: its home, the folder of the state and the passphrase, all private."""
    paths.WORK.mkdir(mode=0o700, exist_ok=True)
    paths.LOGS.mkdir(exist_ok=True)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _keep_no_debug_log(settings.home / "logs")
    if settings.state is not None:
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.secrets_provider == "passphrase" and not paths.PASSPHRASE.exists():
        write(paths.PASSPHRASE, secrets.token_urlsafe(32))


def _keep_no_debug_log(logs: Path) -> None:
    """Put a file where the engine wants the folder of its logs: it then goes without.

    Else it writes down every property of every resource, unsealed, and that takes it half of its time
    (docs/decisions/0005-own-analyzer.md).
    """
    if logs.is_dir():
        shutil.rmtree(logs)
    logs.touch(mode=0o600)
