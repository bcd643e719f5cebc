"""A Pulumi project in a folder of its own, state and all, for tests that run the real engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def lay_out(folder: Path, project: str, program: str, pulumi: Path) -> dict[str, str]:
    """Write the project; return the engine's environment variables, which hold nothing of the caller's.

    `pulumi` is the engine's binary; plugins are looked for in `home`, below the folder.
    """
    (folder / "__main__.py").write_text(program)
    (folder / "Pulumi.yaml").write_text(
        f"name: {project}\nruntime:\n  name: python\n  options:\n    toolchain: pip\n"
        f"    virtualenv: {Path(sys.executable).parent.parent}\n"
    )
    (folder / "state").mkdir()
    return {
        "PATH": f"{pulumi.parent}:{os.defpath}",
        "HOME": str(folder),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "e2e",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def run_engine(
    binary: Path, folder: Path, variables: Mapping[str, str], *arguments: str, fails: bool = False, seconds: float
) -> str:
    """Run the engine in the project's folder; return what it says, on both streams. Its end must be as expected."""
    done = subprocess.run(
        [binary, *arguments, "--non-interactive", "--color=never"],
        cwd=folder,
        env=dict(variables),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    said = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, said
    return said
