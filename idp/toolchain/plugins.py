"""Provider plugins in a PULUMI_HOME of our own, where the engine finds them without a search of PATH."""

from __future__ import annotations

from pathlib import Path

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
        binary = toolchain.path(name)
        version = toolchain.tools[name].version
        folder = pulumi_home / "plugins" / f"{name.removeprefix('pulumi-')}-v{version}"
        link = folder / name
        if link.is_symlink() and link.readlink() == binary:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        replace_link(link, binary)
