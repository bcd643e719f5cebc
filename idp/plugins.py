"""Provider plugins for one environment: the official one where this machine has it, else the loopback one."""

from __future__ import annotations

from idp.errors import Exit, IdpError
from idp.loopback.provider.install import install as install_loopback
from idp.loopback.provider.install import sdk_version
from idp.session import Session
from idp.toolchain import find_plugin, link_plugin


def provide(session: Session, name: str, loopback: str | None) -> bool:
    """Put the plugin `name` into the environment's own PULUMI_HOME; return whether there is one.

    `loopback` is the module of the loopback plugin, None where the environment is out of its reach.
    """
    version = sdk_version(name)
    home = session.settings.home
    official = find_plugin(name, version)
    if official is not None:
        link_plugin(name, version, official, home)
    elif loopback is not None:
        install_loopback(home, name, version, loopback)
    else:
        return False
    return True


def missing(environment: str, name: str) -> IdpError:
    """Return the error for a plugin that an environment needs and this machine lacks."""
    version = sdk_version(name)
    return IdpError(
        f"{environment}: pulumi-resource-{name} {version}: not on this machine;"
        f" `pulumi plugin install resource {name} {version}` gets it",
        Exit.MISSING,
    )
