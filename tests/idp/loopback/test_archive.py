"""Image archives: the same bytes for the same binary, and what the OCI image specification asks for."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.errors import Exit, IdpError
from idp.loopback.cluster import archive


def elf(*kinds: int) -> bytes:
    """Return the smallest ELF file with program headers of these kinds."""
    header = bytearray(64)
    header[:6] = b"\x7fELF\x02\x01"
    header[32:40] = (64).to_bytes(8, "little")
    header[54:56] = (56).to_bytes(2, "little")
    header[56:58] = len(kinds).to_bytes(2, "little")
    return bytes(header) + b"".join(kind.to_bytes(4, "little") + bytes(52) for kind in kinds)


STATIC = elf(1, 1, 6)


def image(folder: Path, content: bytes = STATIC) -> archive.Image:
    binary = folder / "some-binary"
    binary.write_bytes(content)
    return archive.Image("idp.local/program:7", binary)


def read(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as opened:
        return {entry.name: opened.extractfile(entry).read() for entry in opened}  # type: ignore[union-attr]


def test_same_binary_gives_same_bytes_whenever_and_wherever(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "deeper" / "b"
    second.mkdir(parents=True)
    first.mkdir()
    digests: list[str] = []
    for folder in (first, second):
        made = image(folder)
        os.utime(made.binary, (len(digests), len(digests)))
        digests.append(archive.write(made, folder / "image.tar"))
    assert digests[0] == digests[1]
    assert (first / "image.tar").read_bytes() == (second / "image.tar").read_bytes()


@given(extra=st.binary(max_size=64))
def test_digest_changes_exactly_with_the_content(tmp_path_factory: pytest.TempPathFactory, extra: bytes) -> None:
    folder = tmp_path_factory.mktemp("images")
    plain = archive.write(image(folder), folder / "plain.tar")
    changed = archive.write(image(folder, STATIC + extra), folder / "changed.tar")
    assert (plain == changed) == (extra == b"")


def test_every_descriptor_names_a_blob_with_its_size_and_digest(tmp_path: Path) -> None:
    digest = archive.write(image(tmp_path), tmp_path / "image.tar")
    files = read(tmp_path / "image.tar")
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads(files["index.json"])
    seen: list[str] = []

    def follow(descriptor: dict[str, Any]) -> bytes:
        blob = files[f"blobs/sha256/{descriptor['digest'].removeprefix('sha256:')}"]
        assert len(blob) == descriptor["size"]
        assert "sha256:" + hashlib.sha256(blob).hexdigest() == descriptor["digest"]
        seen.append(descriptor["digest"])
        return blob

    (entry,) = index["manifests"]
    assert entry["digest"] == digest
    assert entry["annotations"]["io.containerd.image.name"] == "idp.local/program:7"
    manifest = json.loads(follow(entry))
    config = json.loads(follow(manifest["config"]))
    layers = [follow(layer) for layer in manifest["layers"]]
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]
    assert config["config"]["Entrypoint"] == ["/program"]
    assert config["config"]["User"] == "65532:65532"
    assert len(seen) == len([name for name in files if name.startswith("blobs/")])
    with tarfile.open(fileobj=io.BytesIO(layers[0])) as layer:
        (program,) = layer.getmembers()
    assert (program.name, program.mode, program.uid, program.gid, program.mtime) == ("program", 0o755, 0, 0, 0)


FILES = st.lists(
    st.tuples(
        st.lists(st.text("abc", min_size=1, max_size=3), max_size=2).map(lambda parts: "/".join(["plugins", *parts])),
        st.text("xyz", min_size=1, max_size=3),
        st.binary(max_size=64),
    ),
    max_size=5,
    unique_by=lambda file: file[:2],
)
"""Folder in the image, name and content; a name is never that of a folder."""


@given(found=FILES)
def test_further_files_are_where_they_were_put_below_folders_that_exist(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, str, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("images")
    contents = {f"{place}/{name}": STATIC + extra for place, name, extra in found}
    binaries = {}
    for number, (path, content) in enumerate(contents.items()):
        binaries[path] = folder / str(number)
        binaries[path].write_bytes(content)
    plain = image(folder)
    archive.write(archive.Image(plain.name, plain.binary, binaries), folder / "image.tar")
    blobs = read(folder / "image.tar")
    manifest = json.loads(blobs["blobs/sha256/" + json.loads(blobs["index.json"])["manifests"][0]["digest"][7:]])
    (descriptor,) = manifest["layers"]
    blob = blobs["blobs/sha256/" + descriptor["digest"][7:]]
    assert (hashlib.sha256(blob).hexdigest(), len(blob)) == (descriptor["digest"][7:], descriptor["size"])
    with tarfile.open(fileobj=io.BytesIO(blob)) as layer:
        entries = layer.getmembers()
        written = {entry.name: layer.extractfile(entry).read() for entry in entries if entry.isfile()}  # type: ignore[union-attr]
    assert written == {"program": STATIC, **contents}
    assert {(entry.mode, entry.uid, entry.gid, entry.mtime) for entry in entries} == {(0o755, 0, 0, 0)}
    seen: set[str] = {""}
    for entry in entries:
        assert entry.name.rpartition("/")[0] in seen
        assert entry.name not in seen
        seen.add(entry.name)


def test_a_further_file_that_cannot_run_from_scratch_is_refused_by_its_path(tmp_path: Path) -> None:
    made = image(tmp_path)
    dynamic = tmp_path / "dynamic"
    dynamic.write_bytes(elf(1, 3))
    with pytest.raises(IdpError, match=re.escape(str(dynamic))):
        archive.write(archive.Image(made.name, made.binary, {"plugins/one": dynamic}), tmp_path / "image.tar")
    assert not (tmp_path / "image.tar").exists()


@pytest.mark.parametrize(
    "content", [elf(1, 3), elf(3), b"", b"#!/bin/sh\n" + bytes(64), STATIC[:40], b"\x7fELF\x01\x01" + bytes(60)]
)
def test_what_cannot_run_from_scratch_is_refused(tmp_path: Path, content: bytes) -> None:
    made = image(tmp_path, content)
    with pytest.raises(IdpError, match="static") as refused:
        archive.write(made, tmp_path / "image.tar")
    assert refused.value.code is Exit.MISSING
    assert str(made.binary) in str(refused.value)
    assert not (tmp_path / "image.tar").exists()


def test_a_real_dynamic_binary_is_recognised() -> None:
    shell = shutil.which("sh")
    assert shell
    assert sys.platform != "linux" or not archive.is_static(Path(shell).read_bytes())
