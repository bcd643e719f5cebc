"""A toolchain in miniature: scripts instead of binaries, a `go` that takes as long and fails as it is told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from idp.toolchain.place import Place
from idp.toolchain.spec import GoBuild, Spec

GO = r"""#!/bin/sh
# `go env GOVERSION`, and `go build ... -o DIR/ ./cmd/NAME...` as FAKE_GO says.
if [ "$1" = env ]; then echo "go${FAKE_GO_VERSION:-1.99.0}"; exit 0; fi
while [ "$1" != -o ]; do shift; done
out=$2; shift 2
echo "build $*" >> "$FAKE_GO_LOG"
case "$FAKE_GO" in
fail) echo "# idp/tools/x" >&2; echo "main.go:3:1: syntax error" >&2; exit 1 ;;
offline) echo "go: x@v1: dial tcp: lookup proxy.example: no such host" >&2; exit 1 ;;
elsewhere) echo "go: open /gocache/ab: no space left on device" >&2; exit 1 ;;
slow) printf 'half' > "$out/started"; sleep 30 ;;
full) head -c 8000000 /dev/zero > "$out/big" || exit 1 ;;
esac
for package in "$@"; do
  printf '#!/bin/sh\necho asked >> "%s"\necho version %s\n' "$FAKE_GO_LOG" "${FAKE_BUILT_VERSION:-1.2.3}" \
    > "$out/${package##*/}"
  chmod 755 "$out/${package##*/}"
done
sleep "${FAKE_GO_SECONDS:-0}"
"""


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def program(path: Path, version: str, log: Path | None = None) -> Path:
    """Write a program that prints `version`, and appends a line to `log` each time it is run."""
    note = f'echo asked >> "{log}"\n' if log else ""
    return script(path, f"#!/bin/sh\n{note}echo {path.name} version v{version}\n")


def go_spec(name: str, *companions: str, rule: str = ">=1,<2", ours: bool = False, linux: bool = False) -> Spec:
    packages = tuple(f"./cmd/{each}" for each in (name, *companions))
    ask = None if ours else ("--version",)
    return Spec(name, rule, GoBuild("module", packages), 0.1, ask=ask, companions=companions, linux=linux)


@dataclass
class Miniature:
    """Folders of a place in miniature and what was reported."""

    root: Path
    lines: list[str] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.root / "go.log"

    @property
    def cache(self) -> Path:
        return self.root / "cache" / "tools"

    def place(self, *table: Spec, search: tuple[str, ...] = ("first", "second"), system: str = "Linux") -> Place:
        folders = tuple(self.root / name for name in (*search, "compiler"))
        return Place(table, self.root / "tools", self.cache, folders, system)

    def report(self, line: str) -> None:
        self.lines.append(line)

    def events(self, word: str) -> int:
        return self.log.read_text().split().count(word) if self.log.exists() else 0

    def unfinished(self) -> list[Path]:
        return sorted(self.cache.glob(".tmp-*"))

    def made(self, name: str) -> list[Path]:
        return sorted(self.cache.glob(f"{name}-*"))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Miniature:
    miniature = Miniature(tmp_path)
    script(tmp_path / "compiler" / "go", GO)
    (tmp_path / "tools" / "module").mkdir(parents=True)
    (tmp_path / "tools" / "module" / "go.mod").write_text("module example\n\ngo 1.20\n")
    (tmp_path / "tools" / "module" / "main.go").write_text("package main\n")
    monkeypatch.setenv("FAKE_GO_LOG", str(miniature.log))
    for name in [name for name in os.environ if name.startswith("FAKE_") and name != "FAKE_GO_LOG"]:
        monkeypatch.delenv(name)
    return miniature
