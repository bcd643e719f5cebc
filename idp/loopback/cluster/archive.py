"""OCI image archives of static binaries, written so that the same binaries give the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

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
    """An image from scratch: one binary at /NAME, which is its entry point, and what that one runs."""

    name: str
    """Reference, `idp.local/NAME:TAG`."""
    binary: Path
    more: Mapping[str, Path] = field(default_factory=dict)
    """Further binaries by their path in the image without the leading slash, `plugins/NAME`."""

    @property
    def program(self) -> str:
        """Return the binary's name inside the image."""
        return self.name.rsplit("/", 1)[-1].split(":", 1)[0]

    @property
    def contents(self) -> dict[str, Path]:
        """Return every binary by its path in the image."""
        return {self.program: self.binary, **self.more}


def write(image: Image, target: Path) -> str:
    """Write the archive to `target` and return the digest of its manifest, `sha256:HEX`.

    Raises IdpError if the binary needs libraries (there are none in an image from scratch), OSError.
    """
    for binary in image.contents.values():
        _check(image, binary)
    # A server with its plugins is too large to be held in memory several times over.
    with tempfile.TemporaryFile(dir=target.parent) as layer:
        _write_layer(image, layer)
        layer_descriptor = _descriptor_of("application/vnd.oci.image.layer.v1.tar", layer)
        config = _json(_config(image.program, layer_descriptor["digest"]))
        manifest = _json(_manifest(config, layer_descriptor))
        with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
            _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}), 0o644)
            _add(archive, "index.json", _json(_index(image.name, manifest)), 0o644)
            for blob in (config, manifest):
                _add(archive, _blob(_digest(blob)), blob, 0o644)
            _add_file(archive, _blob(layer_descriptor["digest"]), layer, 0o644)
    return _digest(manifest)


def _check(image: Image, binary: Path) -> None:
    if not is_static(binary.read_bytes()):
        raise IdpError(
            f"{binary}: needs shared libraries; image {image.name} takes static binaries (CGO_ENABLED=0)",
            Exit.MISSING,
        )


def is_static(binary: bytes) -> bool:
    """Return whether a 64-bit little-endian ELF file names no dynamic loader."""
    if len(binary) < 64 or binary[:4] != _ELF or binary[4] != 2 or binary[5] != 1:
        return False
    offset = int.from_bytes(binary[32:40], "little")
    size = int.from_bytes(binary[54:56], "little")
    count = int.from_bytes(binary[56:58], "little")
    headers = (offset + index * size for index in range(count))
    return all(int.from_bytes(binary[start : start + 4], "little") != _PT_INTERP for start in headers)


def _write_layer(image: Image, target: BinaryIO) -> None:
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as layer:
        for folder in _folders(image):
            entry = tarfile.TarInfo(folder)
            entry.type = tarfile.DIRTYPE
            entry.mode = 0o755
            layer.addfile(entry)
        for name, binary in image.contents.items():
            with binary.open("rb") as content:
                _add_file(layer, name, content, 0o755)


def _folders(image: Image) -> list[str]:
    """Return each folder that must be there, an outer one before those in it."""
    return sorted({str(parent) for name in image.more for parent in PurePosixPath(name).parents[:-1]})


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    _add_file(archive, name, io.BytesIO(content), mode)


def _add_file(archive: tarfile.TarFile, name: str, content: BinaryIO, mode: int) -> None:
    # TarInfo's own defaults are owner 0 and time 0, so nothing of this machine gets in.
    entry = tarfile.TarInfo(name)
    entry.size = content.seek(0, io.SEEK_END)
    entry.mode = mode
    content.seek(0)
    archive.addfile(entry, content)


def _config(program: str, layer: str) -> dict[str, Any]:
    return {
        "created": EPOCH,
        "architecture": _architecture(),
        "os": "linux",
        "config": {"User": f"{NOBODY}:{NOBODY}", "Entrypoint": [f"/{program}"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [layer]},
        "history": [{"created": EPOCH, "created_by": f"idp: /{program}"}],
    }


def _manifest(config: bytes, layer: dict[str, Any]) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [layer],
    }


def _index(name: str, manifest: bytes) -> dict[str, Any]:
    descriptor = _descriptor("application/vnd.oci.image.manifest.v1+json", manifest) | {
        "platform": {"architecture": _architecture(), "os": "linux"},
        "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rsplit(":", 1)[-1]},
    }
    return {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [descriptor]}


def _descriptor(kind: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(blob), "size": len(blob)}


def _descriptor_of(kind: str, blob: io.BufferedRandom) -> dict[str, Any]:
    size = blob.seek(0, io.SEEK_END)
    blob.seek(0)
    return {"mediaType": kind, "digest": "sha256:" + hashlib.file_digest(blob, "sha256").hexdigest(), "size": size}


def _blob(digest: str) -> str:
    return "blobs/sha256/" + digest.removeprefix("sha256:")


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
