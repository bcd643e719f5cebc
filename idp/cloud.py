"""The AWS that an environment's foundation lies in: an account behind the official plugin, or the emulator here."""

from __future__ import annotations

from environments import Environment
from idp import paths, plugins
from idp.engine import recovery
from idp.errors import Exit, IdpError
from idp.loopback.aws.server import AwsEmulator
from idp.session import Report, Session
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
    require_plugin(session)
    if FOUNDATION in session.chosen and on_emulator(session.environment):
        _start_emulator(session, report)


def require(session: Session) -> None:
    """Raise `IdpError(MISSING)` if the chosen layers can't reach the foundation's AWS; starts nothing."""
    require_plugin(session)
    on_it = FOUNDATION in session.chosen and on_emulator(session.environment)
    if on_it and not emulator().status().running:
        name = session.environment.name
        raise IdpError(f"{name}: the AWS emulator does not run; `idp up {name}` starts it", Exit.MISSING)


def require_plugin(session: Session) -> None:
    """Raise `IdpError(MISSING)` if the chosen layers need an AWS plugin that this machine lacks."""
    if FOUNDATION in session.chosen and not install_plugin(session):
        raise plugins.missing(session.environment.name, PLUGIN)


def install_plugin(session: Session) -> bool:
    """Put the AWS plugin into the environment's own PULUMI_HOME; return whether there is one.

    The loopback plugin speaks to the emulator only, so no environment but one on the emulator gets it.
    """
    return plugins.provide(session, PLUGIN, MODULE if on_emulator(session.environment) else None)


def emulator(account: str | None = None) -> AwsEmulator:
    """Return the emulator of this checkout, whether it runs or not."""
    return AwsEmulator(paths.EMULATOR, account)


def _start_emulator(session: Session, report: Report) -> None:
    """Start the emulator if it does not run, and forget a layer that was in the one before.

    Its state is its memory. It also begins anew where a crash left a creation in it of which nobody knows the id.
    In this order a crash in between is mended by the next start.
    """
    foundation = session.environment.foundation
    found = emulator(foundation.aws.account_id if foundation is not None else None)
    unknown = recovery.checkpoint(session.settings, FOUNDATION).get("pending_operations")
    if found.status().running and not unknown:
        return
    found.stop(report)
    if FOUNDATION in session.layers.summaries():
        report("foundation: what it had in the emulator is gone with it, and is made again")
        session.layers.forget(FOUNDATION)
    found.start(report)
