"""Ask a binary for its version."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from idp.toolchain.known import KnownVersions
from idp.toolchain.spec import Spec
from idp.toolchain.versions import ANY

PATIENCE = 30.0
"""Seconds for an answer: pulumi takes one on a quiet machine, and a build keeps all cores busy."""


def version_of(spec: Spec, binary: Path, known: KnownVersions) -> str:
    """Return the version of `binary` as `spec` says how to ask for it; `""` when it does not tell.

    A binary is run once; a library says it with the name of the file its soname leads to.
    """
    remembered = known.get(binary)
    if remembered is not None:
        return remembered
    if spec.kind == "library":
        match = ANY.search(binary.resolve().name.partition(".so.")[2])
        version = match[1] if match else ""
    else:
        answer = _answer([str(binary), *(spec.ask or ())])
        if answer is None:
            return ""
        match = re.search(spec.pattern, answer)
        version = match[1] if match else ""
    known.put(binary, version)
    return version


def _answer(command: list[str]) -> str | None:
    """Return all that `command` prints, nothing when it fails; None when it cannot be run or takes too long."""
    # A CNI plugin acts on CNI_COMMAND; pulumi would look for a newer version of itself on the network.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CNI_")}
    environment["PULUMI_SKIP_UPDATE_CHECK"] = "true"
    with tempfile.TemporaryDirectory() as home:
        # Even for its version pulumi writes logs into its home: not into the user's.
        environment["PULUMI_HOME"] = home
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
                text=True,
                errors="replace",
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    # What a loader says about a library that is missing has numbers with dots in it too.
    return done.stdout if done.returncode == 0 else ""
