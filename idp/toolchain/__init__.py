"""Every tool that the platform runs: taken from this machine where it fits, else made from pinned sources."""

from idp.toolchain.model import Missing, Report, Source, Tool, Toolchain
from idp.toolchain.plugins import find_plugin, install_plugins, link_plugin
from idp.toolchain.resolve import ensure, lookup
from idp.toolchain.table import CLUSTER as _CLUSTER
from idp.toolchain.table import DATABASE as _DATABASE
from idp.toolchain.table import ENGINE as _ENGINE
from idp.toolchain.table import VAULT as _VAULT

ENGINE = tuple(name for spec in _ENGINE for name in spec.names)
"""Names of the tools that previews and updates need."""

CLUSTER = tuple(name for spec in _CLUSTER for name in spec.names)
"""Names of the tools that the local cluster needs."""

VAULT = tuple(name for spec in _VAULT for name in spec.names)
"""Names of the tools that the image of Vault is made of."""

DATABASE = tuple(name for spec in _DATABASE for name in spec.names)
"""Names of the tools that tests with a database need."""

__all__ = [
    "CLUSTER",
    "DATABASE",
    "ENGINE",
    "VAULT",
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
