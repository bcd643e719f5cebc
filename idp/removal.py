"""Removes the local environment whole, and makes sure of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import environments
from idp import cloud, cluster, orchestration, paths, readiness
from idp.engine import orphans
from idp.errors import IdpError
from idp.session import Report, open_session, uses_loopback
from stacks.layers import FOUNDATION

NAME = "local"


def remove(report: Report) -> None:
    """Remove what the environment `local` made on this machine. Call it while holding the environment's lock.

    On the loopback cluster its resources go with the cluster; on a cluster of somebody else they are destroyed
    one by one first. Raises `IdpError` with a line for each thing that stayed.
    """
    orphans.end(orphans.marked())
    if _on_foreign_cluster():
        with open_session(NAME, None, report) as session:
            # The foundation goes with the emulator.
            above = replace(session, chosen=tuple(layer for layer in session.chosen if layer != FOUNDATION))
            # What was never there needs neither a plugin nor a server to be removed.
            standing = tuple(orchestration.check_removable(above))
            with readiness.started(replace(above, chosen=standing), report) as ready:
                results = orchestration.down(ready, lambda _action, _progress: None)
        if not all(result.ok for result in results):
            raise IdpError("local: not every resource could be removed; `idp down local` says why")
    if paths.LOCAL.exists():
        cluster.local(report).stop(report, purge=True)
    cloud.emulator().stop(report, purge=True)
    for path in _own():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if left := [*map(str, orphans.marked()), *cluster.leftovers(), *cloud.emulator().leftovers()]:
        raise IdpError("\n".join(f"left behind: {line}" for line in left))


def forget() -> None:
    """Remove the empty shell of the working folder, lock and all."""
    shutil.rmtree(paths.WORK, ignore_errors=True)


def settings_files() -> list[Path]:
    """Return the stack settings of the local environment; they are sealed with a passphrase that goes, too."""
    return sorted(paths.ENVIRONMENTS.glob(f"Pulumi.{NAME}.*.yaml"))


def _own() -> list[Path]:
    kept = {paths.LOCKS}
    return [*settings_files(), *(path for path in paths.WORK.glob("*") if path not in kept)]


def _on_foreign_cluster() -> bool:
    try:
        return not uses_loopback(environments.load(NAME)) and paths.STATE.exists()
    except environments.InvalidEnvironment:
        # A file that can't be read must not keep anybody from cleaning up.
        return False
