"""The one Pulumi program: picks the layer from the stack's name, `ENV.LAYER`."""

from __future__ import annotations

import gc
import importlib
import sys
from pathlib import Path

import pulumi

# Pulumi runs this folder with itself first on the path, where `platform` and `secrets` would hide Python's own.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
# The program lives for seconds and imports a hundred thousand objects that stay: looking for garbage among them takes
# a tenth of a preview (benchmarks/) and finds next to nothing.
gc.disable()

import environments  # noqa: E402 - only now is the path right
from stacks import field_manager, layers, outputs  # noqa: E402


def main() -> None:
    """Build the layer of the running stack and export its outputs."""
    try:
        name, layer = layers.split(pulumi.get_stack())
        environment = environments.load(name)
    except (layers.UnknownLayer, environments.InvalidEnvironment) as error:
        raise pulumi.RunError(str(error)) from error
    field_manager.fix()
    outputs.export(importlib.import_module(f"stacks.{layer}").build(environment))


main()
