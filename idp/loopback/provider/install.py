"""A plugin where the engine looks for it."""

from __future__ import annotations

import importlib.metadata
import shlex
import sys
from pathlib import Path

from idp import files

EXECUTABLE = 0o700


def sdk_version(name: str) -> str:
    """Return the version of the installed SDK of the provider `name`, which its plugin claims too."""
    return importlib.metadata.version(f"pulumi-{name}")


def install(pulumi_home: Path, name: str, version: str, module: str) -> Path:
    """Lay out the plugin `name` in a PULUMI_HOME: an executable that runs `python -m module`; return its path.

    The interpreter is the one that runs now, so the plugin sees the SDK that programs see. Raises OSError.
    """
    executable = pulumi_home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
    executable.parent.mkdir(parents=True, exist_ok=True)
    # -P: the program's folder, which is the working directory, must not stand in for our modules.
    command = shlex.join([sys.executable, "-P", "-m", module])
    files.write(executable, f'#!/bin/sh\nexec {command} "$@"\n', EXECUTABLE)
    return executable
