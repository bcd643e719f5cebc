"""Rules between Vault's servers and the rest of their environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from environments.broken import Broken, Place, foreign_image, repeated
from environments.special import LOCAL

if TYPE_CHECKING:
    from environments.model import Platform
    from environments.secrets import Secrets
    from environments.vault import Vault

HERE: Place = ("platform", "vault")

AVAILABLE = (3, 5)
"""Numbers of servers that survive the loss of one: raft wants a majority, and an even number adds none."""

LOCAL_ONLY = (1, 2)


def broken(name: str | None, platform: Platform, *, has_foundation: bool) -> Iterator[Broken]:
    """Yield each broken rule of `platform.vault`; the environment's name is None where it is invalid."""
    vault = platform.vault
    if vault is None:
        return
    yield from repeated([keeper.name for keeper in vault.keepers], (*HERE, "keepers"))
    yield from _threshold(vault)
    for key in ("image", "bootstrap_image"):
        yield from foreign_image(getattr(vault, key), platform.registries, (*HERE, key))
    if name is not None:
        yield from _replicas(vault, name)
        if name != LOCAL:
            yield from _guarded(vault, has_foundation=has_foundation)


def address(secrets: Secrets, platform: Platform) -> Iterator[Broken]:
    """Yield that nobody says where Vault is."""
    if secrets.address is None and platform.vault is None:
        allowed = "the address of a Vault; only an environment with `platform.vault`, which has one, may do without"
        yield Broken(("secrets", "address"), None, allowed)


def _threshold(vault: Vault) -> Iterator[Broken]:
    keepers = len(vault.keepers)
    fewest, most = min(2, max(1, keepers)), max(1, keepers)
    if not fewest <= vault.threshold <= most:
        allowed = f"{' to '.join(map(str, sorted({fewest, most})))}, with {keepers} keepers"
        yield Broken((*HERE, "threshold"), vault.threshold, allowed)


def _replicas(vault: Vault, name: str) -> Iterator[Broken]:
    allowed = (*LOCAL_ONLY, *AVAILABLE) if name == LOCAL else AVAILABLE
    if vault.replicas not in allowed:
        yield Broken((*HERE, "replicas"), vault.replicas, f"one of {', '.join(map(str, allowed))}")


def _guarded(vault: Vault, *, has_foundation: bool) -> Iterator[Broken]:
    if not vault.keepers:
        allowed = f"at least one keeper; only {LOCAL} may keep the recovery key in a Secret"
        yield Broken((*HERE, "keepers"), [], allowed)
    if not has_foundation:
        allowed = "null without a foundation, which has the key that unseals and the bucket for snapshots"
        yield Broken(HERE, "{...}", allowed)
