"""OCI image archives of one static binary, written so that the same binary gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.errors import Exit, IdpError

NOBODY = 65532
"""User and group the images run as unless the pod says otherwise; the number distroless images use."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""`uname -m` to the name in the OCI image specification."""

EPOCH = "1970-01-01T00:00:00Z"

_ELF = b"\x7fELF"
_PT_INTERP = 3


@dataclass(frozen=True)
class Image:
    """An image from scratch: one binary at /NAME, which is its entry point."""

    name: str
    """Reference, `idp.local/NAME:TAG`."""
    binary: Path

    @property
    def program(self) -> str:
        """Return the binary's name inside the image."""
        return self.name.rsplit("/", 1)[-1].split(":", 1)[0]


def write(image: Image, target: Path) -> str:
    """Write the archive to `target` and return the digest of its manifest, `sha256:HEX`.

    Raises IdpError if the binary needs libraries (there are none in an image from scratch), OSError.
    """
    content = image.binary.read_bytes()
    if not is_static(content):
        raise IdpError(
            f"{image.binary}: needs shared libraries; image {image.name} takes a static binary (CGO_ENABLED=0)",
            Exit.MISSING,
        )
    layer = _layer(image.program, content)
    config = _json(_config(image.program, _digest(layer)))
    manifest = _json(_manifest(config, layer))
    blobs = [config, manifest, layer]
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}), 0o644)
        _add(archive, "index.json", _json(_index(image.name, manifest)), 0o644)
        for blob in blobs:
            _add(archive, "blobs/sha256/" + _digest(blob).removeprefix("sha256:"), blob, 0o644)
    return _digest(manifest)


def is_static(binary: bytes) -> bool:
    """Return whether a 64-bit little-endian ELF file names no dynamic loader."""
    if len(binary) < 64 or binary[:4] != _ELF or binary[4] != 2 or binary[5] != 1:
        return False
    offset = int.from_bytes(binary[32:40], "little")
    size = int.from_bytes(binary[54:56], "little")
    count = int.from_bytes(binary[56:58], "little")
    headers = (offset + index * size for index in range(count))
    return all(int.from_bytes(binary[start : start + 4], "little") != _PT_INTERP for start in headers)


def _layer(program: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as layer:
        _add(layer, program, content, 0o755)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    # TarInfo's own defaults are owner 0 and time 0, so nothing of this machine gets in.
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = mode
    archive.addfile(entry, io.BytesIO(content))


def _config(program: str, layer: str) -> dict[str, Any]:
    return {
        "created": EPOCH,
        "architecture": _architecture(),
        "os": "linux",
        "config": {"User": f"{NOBODY}:{NOBODY}", "Entrypoint": [f"/{program}"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [layer]},
        "history": [{"created": EPOCH, "created_by": f"idp: /{program}"}],
    }


def _manifest(config: bytes, layer: bytes) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
    }


def _index(name: str, manifest: bytes) -> dict[str, Any]:
    descriptor = _descriptor("application/vnd.oci.image.manifest.v1+json", manifest) | {
        "platform": {"architecture": _architecture(), "os": "linux"},
        "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rsplit(":", 1)[-1]},
    }
    return {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [descriptor]}


def _descriptor(kind: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def _json(content: Any) -> bytes:  # noqa: ANN401 (whatever JSON can hold)
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _architecture() -> str:
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        allowed = ", ".join(ARCHITECTURES)
        raise IdpError(f"machine {machine}: the local cluster runs on {allowed}", Exit.MISSING)
    return ARCHITECTURES[machine]
