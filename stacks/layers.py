"""The layers of an environment and what each reads from which; pure data, importable without Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from environments import Environment

PROJECT = "idp"
"""The project of Pulumi.yaml."""

Graph = Mapping[str, tuple[str, ...]]
"""Layer -> the layers whose outputs it reads, in dependency order (a layer reads only layers before it).

Layers that do not read each other, not even through others, are worked on side by side.
"""

FOUNDATION = "foundation"
"""A layer that an environment may do without: its cluster is then somebody else's."""

PLATFORM = "platform"

SECRETS = "secrets"
"""Another one: nothing is then configured inside Vault."""

WORKSPACES = "workspaces"

VAULT_NAMESPACE = "idp-vault"
"""Namespace that the platform makes for Vault; the foundation gives its pods an identity, the command logs in to it."""

LAYERS: Graph = MappingProxyType(
    {
        FOUNDATION: (),
        PLATFORM: (FOUNDATION,),
        SECRETS: (PLATFORM,),
        WORKSPACES: (PLATFORM,),
    }
)
"""Every layer there is."""


def of(environment: Environment) -> Graph:
    """Return the layers that an environment has, and what each reads from there."""
    parts = {FOUNDATION: environment.foundation, SECRETS: environment.secrets}
    absent = {layer for layer, part in parts.items() if part is None}
    unread = absent | (set() if in_the_account(environment) else {FOUNDATION})
    return {
        layer: tuple(one for one in below if one not in unread)
        for layer, below in LAYERS.items()
        if layer not in absent
    }


def in_the_account(environment: Environment) -> bool:
    """Return whether what is above the foundation lives in its AWS account, or on its cluster.

    It does not where the account is the emulator, which has no nodes, and the cluster another one.
    """
    foundation = environment.foundation
    if foundation is None:
        return False
    of_its_own = environment.is_local() or environment.cluster.kubeconfig is not None
    return not (foundation.aws.emulator and of_its_own)


class UnknownLayer(ValueError):  # noqa: N818 - named for what it says, as callers read it
    """A name that is no layer or no stack of this project; the message says what is allowed."""


def check(layer: str) -> str:
    """Return `layer` if it is one, else raise `UnknownLayer`."""
    if layer not in LAYERS:
        raise UnknownLayer(f"layer: {layer!r} is not allowed: one of {', '.join(LAYERS)}")
    return layer


def split(stack: str) -> tuple[str, str]:
    """Split a stack's name `ENV.LAYER` into environment and layer, or raise `UnknownLayer`."""
    environment, dot, layer = stack.partition(".")
    if not (environment and dot):
        raise UnknownLayer(f"stack: {stack!r} is not allowed: ENV.LAYER, such as local.platform")
    return environment, check(layer)
