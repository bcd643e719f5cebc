"""Start of the timed pack: as in `policies`, only with a watch in hand."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Serve the rules until the engine ends the process."""
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from benchmarks.timing import serve

    serve()


if __name__ == "__main__":
    main()
