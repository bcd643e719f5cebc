"""Which images are imported when: a `ctr` in miniature keeps what containerd would."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from idp.errors import IdpError
from idp.loopback import images as further
from idp.loopback.cluster import images
from idp.loopback.cluster.images import Contents
from idp.loopback.cluster.layout import INSIDE, Layout

from .test_archive import STATIC

CTR = """#!/usr/bin/env python3
import json, os, pathlib, sys, tarfile
store = pathlib.Path(os.environ["STORE"])
known = json.loads(store.read_text()) if store.exists() else {}
if sys.argv[-1] == "list":
    print("REF TYPE DIGEST SIZE")
    for name, digest in known.items():
        print(name, "application/json", digest, "1 MiB")
else:
    path = sys.argv[-1].replace(os.environ["INSIDE"], os.environ["HOME_OF_IT"])
    with tarfile.open(path) as archive:
        (entry,) = json.load(archive.extractfile("index.json"))["manifests"]
    known[entry["annotations"]["io.containerd.image.name"]] = entry["digest"]
    store.write_text(json.dumps(known))
"""

EXTRA = Contents("idp.local/server:1.2", {"plugins/first": "first", "plugins/second": "second"})


class Machine:
    """Binaries by name and a containerd in miniature."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = Layout.of(folder / "home")
        self.layout.images.mkdir(parents=True)
        for name in ("pause", "coredns", "sample", "probe", "server", "first", "second"):
            (folder / name).write_bytes(STATIC + name.encode())
        (folder / "ctr").write_text(CTR)
        (folder / "ctr").chmod(0o755)
        self.lines: list[str] = []

    def tool(self, name: str) -> Path:
        return self.folder / name

    def start(self, *wanted: Contents) -> list[str]:
        """Return the images that were imported."""
        self.lines.clear()
        digests = images.ensure(self.layout, self.tool, (*images.OWN, *wanted), (), self.lines.append)
        assert digests.items() <= self.stored().items()
        assert list(digests) == [contents.name for contents in (*images.OWN, *wanted)]
        return [line.split()[1].removesuffix(":") for line in self.lines]

    def stored(self) -> dict[str, str]:
        stored: dict[str, str] = json.loads((self.folder / "store").read_text())
        return stored


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setenv("STORE", str(tmp_path / "store"))
    monkeypatch.setenv("INSIDE", str(INSIDE))
    monkeypatch.setenv("HOME_OF_IT", str(made.layout.home))
    return made


def test_own_images_come_without_asking_and_others_only_when_asked_for(machine: Machine) -> None:
    own = [contents.name for contents in images.OWN]
    assert machine.start() == own
    assert machine.start() == []
    assert machine.start(EXTRA) == [EXTRA.name]
    assert machine.start(EXTRA) == []
    # Not asked for, not forgotten.
    assert machine.start() == []
    assert machine.start(EXTRA) == []
    assert set(machine.stored()) == {*own, EXTRA.name}


@pytest.mark.parametrize("changed", ["server", "first", "second"])
def test_an_image_is_imported_again_when_any_of_its_binaries_changed(machine: Machine, changed: str) -> None:
    machine.start(EXTRA)
    before = machine.stored()
    (machine.folder / changed).write_bytes(STATIC + b"changed")
    assert machine.start(EXTRA) == [EXTRA.name]
    assert {name for name, digest in machine.stored().items() if before[name] != digest} == {EXTRA.name}


def test_what_containerd_lost_is_imported_again(machine: Machine) -> None:
    machine.start(EXTRA)
    (machine.folder / "store").unlink()
    assert machine.start(EXTRA) == [*(contents.name for contents in images.OWN), EXTRA.name]


@pytest.mark.parametrize("left", ["", "{", "{}", '{"/bin/pause 3 4": "sha256:00"}'])
def test_an_unreadable_or_older_record_costs_an_import_and_nothing_else(machine: Machine, left: str) -> None:
    machine.start(EXTRA)
    (machine.layout.images / images.FILE).write_text(left)
    assert len(machine.start(EXTRA)) == len(images.OWN) + 1
    assert machine.start(EXTRA) == []


def test_space_is_asked_for_what_is_not_imported_yet(machine: Machine) -> None:
    sizes = [machine.tool(name).stat().st_size for name in ("server", "first", "second")]
    assert images.space(machine.layout, machine.tool, [EXTRA]) == images.COPIES * sum(sizes)
    machine.start(EXTRA)
    assert images.space(machine.layout, machine.tool, [EXTRA]) == 0
    assert images.space(machine.layout, machine.tool, []) == 0


def test_a_binary_that_is_not_static_is_named_and_no_archive_is_left(machine: Machine) -> None:
    (machine.folder / "second").write_text("#!/bin/sh\n")
    with pytest.raises(IdpError, match=f"{machine.folder / 'second'}.*{EXTRA.name}"):
        machine.start(EXTRA)
    assert not list(machine.layout.images.glob("*.tar"))


def test_checksums_are_those_of_what_goes_into_the_image(tmp_path: Path) -> None:
    binaries = {name: tmp_path / name for name in (*further.VAULT_PLUGINS, "vault")}
    for name, path in binaries.items():
        path.write_bytes(STATIC + name.encode())
    image = further.VAULT.image(binaries.__getitem__)
    wanted = {
        path.removeprefix("plugins/"): hashlib.sha256(binary.read_bytes()).hexdigest()
        for path, binary in image.more.items()
    }
    assert further.plugin_checksums(binaries.__getitem__) == wanted
    assert len(set(wanted.values())) == len(further.VAULT_PLUGINS)
