"""The images of the local cluster: built from binaries on this machine, put into containerd when they changed.

No registry is asked: pods use `imagePullPolicy: IfNotPresent` (or Never). A changed binary keeps its tag;
the next container that is created runs the new one.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from idp import files
from idp.errors import IdpError
from idp.loopback.cluster import archive
from idp.loopback.cluster.archive import Image
from idp.loopback.cluster.layout import CONTAINERD_SOCKET, Layout


@dataclass(frozen=True)
class Contents:
    """An image and the tools that it is made of."""

    name: str
    """Reference, `idp.local/TOOL:TAG`; the tool is its entry point, at /TOOL."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Further tools by their path in the image, `plugins/NAME`."""

    @property
    def program(self) -> str:
        """Return the tool that is the entry point."""
        return self.name.rsplit("/", 1)[-1].split(":", 1)[0]

    def image(self, tool: Callable[[str], Path]) -> Image:
        """Return the image with the binaries that `tool` names."""
        return Image(self.name, tool(self.program), {path: tool(name) for path, name in self.more.items()})


COREDNS = Contents("idp.local/coredns:1")

OWN = (Contents("idp.local/pause:1"), COREDNS, Contents("idp.local/sample:1"), Contents("idp.local/probe:1"))
"""In every local cluster."""

FILE = "digests.json"
"""In the folder of images: which binaries each image was made of, and the digest that came out."""

READY_SECONDS = 30.0
IMPORT_SECONDS = 120.0
COPIES = 3
"""Of each binary while its image is imported: in the archive, in containerd's store, and unpacked."""


def ensure(
    layout: Layout,
    tool: Callable[[str], Path],
    wanted: Sequence[Contents],
    wrapper: tuple[str, ...],
    report: Callable[[str], None],
) -> dict[str, str]:
    """Import those of `wanted` that containerd does not have as they are now; return image to manifest digest.

    `wrapper` enters the namespaces. Raises IdpError if containerd does not answer within READY_SECONDS
    or refuses an image.
    """
    ctr = (*wrapper, str(tool("ctr")), f"--address={CONTAINERD_SOCKET}", "--namespace=k8s.io", "images")
    present = _present(ctr)
    known = _known(layout)
    digests = {}
    for contents in wanted:
        image = contents.image(tool)
        stamp = _stamp(image)
        digest = known.get(image.name, {}).get(stamp)
        if digest is None or present.get(image.name) != digest:
            report(f"image {image.name}: importing")
            digest = _import(layout, image, ctr)
        digests[image.name] = digest
        # What was not asked for this time is not forgotten: it is still in containerd.
        known[image.name] = {stamp: digest}
    files.write(layout.images / FILE, json.dumps(known, indent=2) + "\n")
    return digests


def space(layout: Layout, tool: Callable[[str], Path], wanted: Sequence[Contents]) -> int:
    """Return the bytes that importing those of `wanted` takes that were not imported yet."""
    known = _known(layout)
    images = (contents.image(tool) for contents in wanted)
    new = [image for image in images if _stamp(image) not in known.get(image.name, {})]
    return COPIES * sum(binary.stat().st_size for image in new for binary in image.contents.values())


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


def _stamp(image: Image) -> str:
    # Reading 75 MB at each start only to find them unchanged would cost more than all else.
    return ", ".join(f"{path} {_state(binary)}" for path, binary in image.contents.items())


def _state(binary: Path) -> str:
    state = binary.stat()
    return f"{binary.resolve()} {state.st_size} {state.st_mtime_ns}"


def _known(layout: Layout) -> dict[str, dict[str, str]]:
    """Return image to what it was made of to digest; of an unreadable file, or one of an older version, nothing."""
    try:
        content = json.loads((layout.images / FILE).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {name: made for name, made in content.items() if isinstance(made, dict)}
