"""Remember what each binary said its version was, so that none is run twice."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from idp import files


class KnownVersions:
    """Versions by path, valid while modification time and size stay; kept in one JSON file in the cache."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _load(file)
        self._changed = False

    def get(self, path: Path) -> str | None:
        """Return the version of the binary at `path`, `""` when it has none to tell, None when nobody asked yet."""
        entry = self._known.get(str(path))
        if not isinstance(entry, list) or entry[:2] != _stamp(path):
            return None
        return str(entry[2])

    def put(self, path: Path, version: str) -> None:
        """Remember `version` for the binary at `path` as it is now."""
        self._known[str(path)] = [*_stamp(path), version]
        self._changed = True

    def save(self) -> None:
        """Write what is new; a cache that cannot be written to is no error, as everything can be asked again."""
        if not self._changed:
            return
        self._known = {path: entry for path, entry in self._known.items() if Path(path).exists()}
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            files.write(self._file, json.dumps(self._known, indent=1, sort_keys=True), 0o644)
        self._changed = False


def _load(file: Path) -> dict[str, object]:
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_mtime_ns, status.st_size]
