"""Start of the pack: Pulumi runs this folder as a program and reads the port that it prints."""

from __future__ import annotations

import gc
import sys
from pathlib import Path


def main() -> None:
    """Serve the rules until the engine ends the process."""
    # The engine starts the folder itself, not the package: only its parent makes `policies` importable.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    # Nothing of what is imported is garbage, and looking for it takes a part of the start that can be measured.
    gc.disable()
    from policies.pack import serve

    serve()


if __name__ == "__main__":
    main()
