"""The layers of an environment and what each reads from which; pure data, importable without Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PROJECT = "idp"
"""The project of Pulumi.yaml."""

LAYERS: Mapping[str, tuple[str, ...]] = MappingProxyType({"platform": (), "workspaces": ("platform",)})
"""Layer -> the layers whose outputs it reads, in dependency order (a layer reads only layers before it)."""


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
