"""Provider plugins in a PULUMI_HOME of our own, where the engine finds them without a search of PATH."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from idp import paths
from idp.toolchain.files import replace_link
from idp.toolchain.model import Toolchain

_PROVIDERS = ("pulumi-resource-kubernetes",)


def install_plugins(toolchain: Toolchain, pulumi_home: Path) -> None:
    """Lay the provider plugins of `toolchain` out under `pulumi_home` as `pulumi plugin install` does.

    Each is a link, `plugins/resource-NAME-vVERSION/pulumi-resource-NAME`, to the toolchain's binary, made or replaced
    in one step. Nothing is run, and nothing changes when it is there. Raises `OSError` when the folder cannot be
    written to, `IdpError(INVALID)` when `toolchain` was asked for without the plugins.
    """
    for name in _PROVIDERS:
        # First, as it is what says that there is none.
        binary = toolchain.path(name)
        _link(pulumi_home, name, toolchain.tools[name].version, binary)


def find_plugin(name: str, version: str) -> Path | None:
    """Return the official provider plugin `name` if this machine has it; looks only.

    On PATH, where the engine takes it from before any other, whatever its version; or where the user's own
    `pulumi plugin install resource NAME VERSION` puts it.
    """
    executable = f"pulumi-resource-{name}"
    if on_path := shutil.which(executable):
        return Path(on_path)
    installed = _users_home() / "plugins" / f"resource-{name}-v{version}" / executable
    return installed if os.access(installed, os.X_OK) else None


def link_plugin(name: str, version: str, binary: Path, pulumi_home: Path) -> None:
    """Lay one plugin out under `pulumi_home`, as `install_plugins` does. Raises `OSError`."""
    _link(pulumi_home, f"pulumi-resource-{name}", version, binary)


def _users_home() -> Path:
    """Return the user's own PULUMI_HOME."""
    chosen = os.environ.get("PULUMI_HOME")
    # After `eval "$(idp env-vars ENV)"`, of this checkout or another, it is an environment's; what lies there was put
    # there by `idp`, and may be the loopback plugin.
    if chosen and Path(chosen).parent.parts[-2:] != paths.PULUMI_HOMES.parts[-2:]:
        return Path(chosen)
    return Path.home() / ".pulumi"


def _link(pulumi_home: Path, executable: str, version: str, binary: Path) -> None:
    folder = pulumi_home / "plugins" / f"{executable.removeprefix('pulumi-')}-v{version}"
    link = folder / executable
    if link.is_symlink() and link.readlink() == binary:
        return
    folder.mkdir(parents=True, exist_ok=True)
    replace_link(link, binary)
