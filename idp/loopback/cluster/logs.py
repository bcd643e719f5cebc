"""What a daemon's log says about why it ended."""

from __future__ import annotations

import re
from pathlib import Path

TAIL_BYTES = 65536
LONGEST = 300
"""Characters of a log line that are shown."""

_TELLING = (
    re.compile(rb"^[Ee]rror: |command failed|^failed to run|^F\d{4} |level=fatal|\"level\":\"(fatal|panic)\""),
    re.compile(rb"^panic: |^fatal error: "),
    re.compile(rb"^E\d{4} |level=error|\"level\":\"error\"|[Ee]rror|[Ff]ail|cannot|refused|No space left"),
)
"""From most to least telling; Go prints stacks and usage after its reason, so the last line says little."""


def reason(log: Path) -> str:
    """Return the most telling of a log's last lines, shortened; never empty."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            lines = [line.strip() for line in file.read().splitlines() if line.strip()]
    except OSError:
        return "left no log"
    for pattern in _TELLING:
        matching = [line for line in lines if pattern.search(line)]
        if matching:
            return _shortened(matching[-1])
    return _shortened(lines[-1]) if lines else "ended without a word"


def _shortened(line: bytes) -> str:
    text = line.decode(errors="replace")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
