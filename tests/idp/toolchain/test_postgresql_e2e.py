"""The database server of the tests, out of its package and out of the system's folders."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from idp.toolchain import ensure
from idp.toolchain.place import here
from idp.toolchain.table import DATABASE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NOBODY = 65534
"""PostgreSQL refuses to run as root."""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that another user reaches, which pytest's own are not."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def as_nobody(*command: str | Path, text: str = "") -> str:
    setpriv = shutil.which("setpriv")
    assert setpriv
    user = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    done = subprocess.run([*user, *command], input=text, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="installs libraries and changes the user")
def test_the_unpacked_server_makes_a_database_and_answers_from_it(open_folder: Path) -> None:
    specs = tuple(replace(spec, where=()) if spec.kind == "folder" else spec for spec in DATABASE)
    place = replace(here(specs), cache=open_folder / "tools")
    tool = ensure(print, place=place).tools["postgresql"]
    assert (tool.source, tool.version.split(".")[0]) == ("debian", "15")
    assert tool.path.is_relative_to(open_folder)
    # The cache is its owner's alone.
    server = shutil.copytree(tool.path, open_folder / "server", symlinks=True)
    binaries = server / "lib" / "postgresql" / "15" / "bin"
    data = open_folder / "data"
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    as_nobody(binaries / "initdb", "-D", data, "-U", "admin", "--auth=reject", "--no-sync")
    question = "select current_user, 6 * 7 as answer;\n"
    answer = as_nobody(binaries / "postgres", "--single", "-D", data, "postgres", text=question)
    assert 'current_user = "admin"' in answer
    assert 'answer = "42"' in answer
