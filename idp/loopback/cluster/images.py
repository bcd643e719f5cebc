"""The images of the local cluster: built from binaries on this machine, put into containerd when they changed.

No registry is asked: pods use `imagePullPolicy: IfNotPresent` (or Never). A changed binary keeps its tag;
the next container that is created runs the new one.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from idp import files
from idp.errors import IdpError
from idp.loopback.cluster import archive
from idp.loopback.cluster.archive import Image
from idp.loopback.cluster.layout import CONTAINERD_SOCKET, Layout

NAMES = {
    "pause": "idp.local/pause:1",
    "coredns": "idp.local/coredns:1",
    "sample": "idp.local/sample:1",
    "probe": "idp.local/probe:1",
}
"""Tool to image."""

READY_SECONDS = 30.0
IMPORT_SECONDS = 120.0


def ensure(
    layout: Layout,
    tool: Callable[[str], Path],
    wrapper: tuple[str, ...],
    report: Callable[[str], None],
) -> dict[str, str]:
    """Import the images that containerd does not have as they are now; return image to manifest digest.

    `wrapper` enters the namespaces. Raises IdpError if containerd does not answer within READY_SECONDS
    or refuses an image.
    """
    ctr = (*wrapper, str(tool("ctr")), f"--address={CONTAINERD_SOCKET}", "--namespace=k8s.io", "images")
    present = _present(ctr)
    known = _known(layout)
    digests = {}
    for program, name in NAMES.items():
        image = Image(name, tool(program))
        stamp = _stamp(image.binary)
        digest = known.get(stamp)
        if digest is None or present.get(name) != digest:
            report(f"image {name}: importing")
            digest = _import(layout, image, ctr)
        digests[name] = digest
        known = {**known, stamp: digest}
    _remember(layout, known, [_stamp(tool(program)) for program in NAMES])
    return digests


def _present(ctr: tuple[str, ...]) -> dict[str, str]:
    """Return image name to digest, waiting for containerd to answer."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        answer = _run((*ctr, "list"), READY_SECONDS)
        if answer.returncode == 0:
            break
        if time.monotonic() >= deadline:
            raise IdpError(f"containerd does not answer: {_last_line(answer.stderr)}")
        time.sleep(0.1)
    rows = [line.split() for line in answer.stdout.splitlines()[1:]]
    return {row[0]: row[2] for row in rows}


def _import(layout: Layout, image: Image, ctr: tuple[str, ...]) -> str:
    layout.images.mkdir(exist_ok=True, mode=0o700)
    file = layout.images / f"{image.program}.tar"
    try:
        digest = archive.write(image, file)
        answer = _run((*ctr, "import", layout.inside(file)), IMPORT_SECONDS)
    finally:
        file.unlink(missing_ok=True)
    if answer.returncode != 0:
        raise IdpError(f"image {image.name}: import failed: {_last_line(answer.stderr)}")
    return digest


def _run(command: tuple[str, ...], seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise IdpError(f"containerd did not finish `{' '.join(command[-2:])}` within {seconds:.0f} s") from error


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"


def _stamp(binary: Path) -> str:
    # Reading 75 MB at each start only to find them unchanged would cost more than all else.
    state = binary.stat()
    return f"{binary.resolve()} {state.st_size} {state.st_mtime_ns}"


def _known(layout: Layout) -> dict[str, str]:
    try:
        content = json.loads((layout.images / "digests.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(key): str(value) for key, value in content.items()}


def _remember(layout: Layout, known: dict[str, str], stamps: list[str]) -> None:
    files.write(layout.images / "digests.json", json.dumps({stamp: known[stamp] for stamp in stamps}, indent=2) + "\n")
