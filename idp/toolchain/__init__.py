"""Every tool that the platform runs: taken from this machine where it fits, else made from pinned sources."""

from idp.toolchain.model import Missing, Report, Source, Tool, Toolchain
from idp.toolchain.plugins import find_plugin, install_plugins, link_plugin
from idp.toolchain.resolve import ensure, lookup
from idp.toolchain.table import CLUSTER as _CLUSTER
from idp.toolchain.table import ENGINE as _ENGINE

ENGINE = tuple(name for spec in _ENGINE for name in spec.names)
"""Names of the tools that previews and updates need."""

CLUSTER = tuple(name for spec in _CLUSTER for name in spec.names)
"""Names of the tools that the local cluster needs."""

__all__ = [
    "CLUSTER",
    "ENGINE",
    "Missing",
    "Report",
    "Source",
    "Tool",
    "Toolchain",
    "ensure",
    "find_plugin",
    "install_plugins",
    "link_plugin",
    "lookup",
]
