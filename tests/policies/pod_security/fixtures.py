"""The test data of Pod Security admission itself, from the module that go.mod beside this file pins.

`go mod download` brings it into Go's module cache, checked against go.sum; nothing of it is kept here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from idp.toolchain.gomodule import ENVIRONMENT
from policies.pods import WORKLOADS, pod_spec_path

HERE = Path(__file__).resolve().parent
MODULE = "k8s.io/pod-security-admission"
LEVELS = ("baseline", "restricted")
KINDS = tuple(kind for kind, _ in WORKLOADS.kinds)
Manifest = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Fixture:
    """A pod, and what the module says of it at a level in a Kubernetes minor."""

    level: str
    minor: int
    passes: bool
    name: str
    """The control in small letters and a number: `sysctls0`."""
    pod: Manifest

    def __str__(self) -> str:
        return f"{self.level}/v1.{self.minor}/{'pass' if self.passes else 'fail'}/{self.name}"

    @property
    def control(self) -> str:
        """Return the name without its number: `sysctls`."""
        return self.name.rstrip("0123456789")


@cache
def fixtures() -> tuple[Fixture, ...]:
    """Return all fixtures of all minors. Fails where the module is neither in the cache nor to be had."""
    parsed: dict[bytes, Manifest] = {}

    def read(path: Path) -> Fixture:
        level, minor, verdict = path.parts[-4:-1]
        data = path.read_bytes()
        if data not in parsed:
            parsed[data] = yaml.load(data, yaml.CSafeLoader)
        return Fixture(level, int(minor.removeprefix("v1.")), verdict == "pass", path.stem, parsed[data])

    return tuple(read(path) for path in sorted((_module() / "test" / "testdata").rglob("*.yaml")))


@cache
def newest() -> tuple[Fixture, ...]:
    """Return the fixtures of the newest minor."""
    minor = max(one.minor for one in fixtures())
    return tuple(one for one in fixtures() if one.minor == minor)


def inside(kind: str, pod: Manifest) -> Manifest:
    """Return the properties of a kind with the pod where it carries its template; a Pod as it is."""
    content: Any = {"metadata": {key: value for key, value in pod["metadata"].items() if key != "name"}}
    content["spec"] = pod["spec"]
    keys = pod_spec_path(kind)[:-1]
    for key in reversed(keys):
        content = {key: content}
    made: Manifest = {**content, "metadata": {**content.get("metadata", {}), "name": pod["metadata"]["name"]}}
    return made


def in_all_kinds(pod: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Yield each kind with the pod in it."""
    for kind in KINDS:
        yield kind, inside(kind, pod)


def _module() -> Path:
    go = shutil.which("go", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/go/bin")))
    assert go, f"no go on PATH to fetch {MODULE} with; install Go (https://go.dev/dl)"
    command = [go, "mod", "download", "-json", MODULE]
    done = subprocess.run(
        command, cwd=HERE, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(json.loads(done.stdout)["Dir"])
