"""A Vault with the layer in it, brought up by the real engine with the deploy role's token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.vault.gitlab_claims import DeployingProject
from idp.loopback.aws.server import AwsEmulator

from . import world
from .identities import AUDIENCE, deploying
from .neighbours import CLIENT_SECRET
from .server import VaultServer
from .stack import Stack

FAST = 100_000
"""Requests a second: the tests are not to meet the limits by chance."""


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsEmulator]:
    started = AwsEmulator(tmp_path_factory.mktemp("aws") / "home", "123456789012")
    started.start(print)
    yield started
    started.stop(print)


def begun(folder: Any) -> VaultServer:  # noqa: ANN401
    server = VaultServer(folder)
    server.start()
    platform = world.PLATFORM
    project = DeployingProject(str(platform["path"]), 1, ["main"])
    server.bootstrap(project, AUDIENCE, world.ISSUER)
    return server


def around(server: VaultServer, emulator: AwsEmulator, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what stands around this Vault."""
    return {
        "jwks_url": f"{server.neighbours.issuer}/gitlab/keys",
        "issuer": server.neighbours.issuer,
        "api": {"host": server.neighbours.api, "ca_certificate": server.certificate.read_text()},
        "emulator": {
            "endpoint": str(emulator.status().endpoint),
            "access_key": "made-up",
            "secret_key": "canary-of-the-cloud",
        },
        "audit_file": str(server.folder / "audit.log"),
        "database_is_there": False,
        "requests": FAST,
        "logins": FAST,
        **more,
    }


def stacked(
    folder: Any,  # noqa: ANN401
    server: VaultServer,
    emulator: AwsEmulator,
    teams: tuple[str, ...],
    *,
    people: bool = True,
) -> Stack:
    """Return the layer's stack for some teams; nothing is up yet."""
    stack = Stack(folder)
    stack.make(world.text(server.address, str(server.certificate), teams, people=people), around(server, emulator))
    stack.secret("people_client_secret", value=CLIENT_SECRET)
    for team in teams:
        stack.secret("--path", f"database_passwords.{team}", value=f"canary-of-the-database-of-{team}")
    stack.hidden.append("canary-of-the-cloud")
    stack.token = deploying(server)
    return stack


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory, emulator: AwsEmulator) -> Iterator[VaultServer]:
    """Return a Vault that the layer is in, for all teams."""
    server = begun(tmp_path_factory.mktemp("vault"))
    try:
        stacked(tmp_path_factory.mktemp("stack"), server, emulator, world.TEAMS).up()
        yield server
    finally:
        server.stop()
