"""The AWS that an environment's foundation lies in: an account behind the official plugin, or the emulator here."""

from __future__ import annotations

import importlib.metadata

import environments
from environments import Environment, InvalidEnvironment
from environments.special import LOCAL
from idp import paths
from idp.engine import pending, recovery
from idp.engine.settings import settings
from idp.errors import Exit, IdpError
from idp.loopback.aws.server import AwsEmulator, Status
from idp.loopback.provider.install import install as install_loopback
from idp.session import Report, Session
from idp.toolchain import find_plugin, link_plugin
from stacks.layers import FOUNDATION

PLUGIN = "aws"
MODULE = "idp.loopback.aws.plugin"


def on_emulator(environment: Environment) -> bool:
    """Return whether the environment's foundation, or what is left of one, lies in the emulator."""
    if environment.foundation is None:
        # That of the local environment has never been anywhere else.
        return environment.is_local()
    return environment.foundation.aws.emulator


def start(session: Session, report: Report) -> None:
    """Make sure that the chosen layers reach the foundation's AWS, starting the emulator if it is that.

    Raises `IdpError(MISSING)` if there is no plugin for an account.
    """
    if FOUNDATION in session.chosen:
        _require_plugin(session)
        if on_emulator(session.environment):
            start_emulator(session.environment, report)


def require(session: Session) -> None:
    """Raise `IdpError(MISSING)` if the chosen layers can't reach the foundation's AWS; starts nothing."""
    if FOUNDATION in session.chosen:
        _require_plugin(session)
        if on_emulator(session.environment) and not emulator().status().running:
            name = session.environment.name
            raise IdpError(f"{name}: the AWS emulator does not run; `idp up {name}` starts it", Exit.MISSING)


def install_plugin(session: Session) -> bool:
    """Put the AWS plugin into the environment's own PULUMI_HOME; return whether there is one.

    The official one where this machine has it. The loopback plugin speaks to the emulator only, so no environment
    but one on the emulator gets it.
    """
    version = importlib.metadata.version(f"pulumi-{PLUGIN}")
    home = session.settings.home
    official = find_plugin(PLUGIN, version)
    if official is not None:
        link_plugin(PLUGIN, version, official, home)
    elif on_emulator(session.environment):
        install_loopback(home, PLUGIN, version, MODULE)
    else:
        return False
    return True


def emulator(account: str | None = None) -> AwsEmulator:
    """Return the emulator of this checkout, whether it runs or not."""
    return AwsEmulator(paths.EMULATOR, account)


def start_emulator(environment: Environment, report: Report) -> Status:
    """Start the emulator if it does not run.

    Its state is its memory. When it starts anew, and when a crash left a creation in it of which nobody knows the id,
    it begins empty; the layer's state is marked, and the next update compares it with what exists and makes it again.
    """
    foundation = environment.foundation
    found = emulator(None if foundation is None else foundation.aws.account_id)
    engine = settings(environment)
    # A state that is elsewhere is not read here; a mark too many costs one comparison.
    stands = engine.state is None or bool(recovery.checkpoint(engine, FOUNDATION))
    if found.status().running and not recovery.checkpoint(engine, FOUNDATION).get("pending_operations"):
        return found.status()
    if stands:
        # Before it starts: a crash in between must not hide that all is gone.
        pending.begin(environment.name, FOUNDATION)
    found.stop(report)
    return found.start(report)


def local() -> Environment | None:
    """Return the local environment if its file can be read and its foundation lies in the emulator."""
    try:
        found = environments.load(LOCAL)
    except InvalidEnvironment:
        # A file that can't be read must not keep anybody from stopping what runs.
        return None
    return found if found.foundation is not None and on_emulator(found) else None


def _require_plugin(session: Session) -> None:
    if not install_plugin(session):
        version = importlib.metadata.version(f"pulumi-{PLUGIN}")
        raise IdpError(
            f"{session.environment.name}: pulumi-resource-{PLUGIN} {version}: not on this machine;"
            f" `pulumi plugin install resource {PLUGIN} {version}` gets it",
            Exit.MISSING,
        )
