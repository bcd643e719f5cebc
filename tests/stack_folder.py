"""A Pulumi project in a folder of its own, state and all, for tests that run the real engine."""

from __future__ import annotations

import os
import sys
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
