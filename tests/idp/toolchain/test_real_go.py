from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from idp.toolchain import ensure
from idp.toolchain.place import Place
from idp.toolchain.spec import GoBuild, Spec

MAIN = 'package main\n\nvar version = "none"\n\nfunc main() { println("tiny version", version) }\n'


@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go")
def test_a_real_module_is_built_static_stamped_and_without_our_paths(tmp_path: Path) -> None:
    module = tmp_path / "sources" / "tiny"
    (module / "cmd" / "tiny").mkdir(parents=True)
    (module / "go.mod").write_text("module tiny\n\ngo 1.20\n\nrequire other v1.4.2\n\nreplace other => ./other\n")
    (module / "other").mkdir()
    (module / "other" / "go.mod").write_text("module other\n\ngo 1.20\n")
    (module / "cmd" / "tiny" / "main.go").write_text(MAIN)
    recipe = GoBuild("tiny", ("./cmd/tiny",), pin="other", link=("-X main.version={version}-{major}-{minor}",))
    spec = Spec("tiny", "==1.4.2", recipe, 0.1)
    go = shutil.which("go")
    assert go is not None
    lines: list[str] = []
    place = Place((spec,), tmp_path / "sources", tmp_path / "cache", (Path(go).parent,), "Linux")
    tool = ensure(lines.append, place=place).tools["tiny"]
    assert (tool.version, tool.source) == ("1.4.2", "built")
    said = subprocess.run([tool.path], check=True, capture_output=True, text=True).stderr
    assert said == "tiny version v1.4.2-1-4\n"
    content = tool.path.read_bytes()
    assert str(tmp_path).encode() not in content
    assert b"/lib64/ld-linux" not in content
    assert [path.name for path in tool.path.parent.iterdir()] == ["tiny"]


@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go")
@pytest.mark.parametrize(
    ("tags", "said"), [((), "plain"), (("special",), "special"), (("other", "special"), "special")]
)
def test_a_real_build_obeys_its_tags_and_takes_the_name_and_version_it_is_given(
    tmp_path: Path, tags: tuple[str, ...], said: str
) -> None:
    module = tmp_path / "sources" / "tiny"
    for name, rule in (("plain", "!special"), ("special", "special")):
        folder = module / "cmd" / "common"
        folder.mkdir(parents=True, exist_ok=True)
        source = f'//go:build {rule}\n\npackage main\n\nfunc main() {{ println("{name}") }}\n'
        (folder / f"{name}.go").write_text(source)
    (module / "other").mkdir()
    (module / "other" / "go.mod").write_text("module other\n\ngo 1.20\n")
    (module / "go.mod").write_text("module tiny\n\ngo 1.20\n\nrequire other v1.4.2\n\nreplace other => ./other\n")
    recipe = GoBuild("tiny", ("./cmd/common",), pin="other", tags=tags, output="rare-name")
    go = shutil.which("go")
    assert go is not None
    spec = Spec("rare-name", "", recipe, 0.1, ask=None)
    place = Place((spec,), tmp_path / "sources", tmp_path / "cache", (Path(go).parent,), "Linux")
    tool = ensure([].append, place=place).tools["rare-name"]
    assert (tool.path.name, tool.version, tool.source) == ("rare-name", "1.4.2", "built")
    assert subprocess.run([tool.path], check=True, capture_output=True, text=True).stderr == f"{said}\n"
    assert [path.name for path in tool.path.parent.iterdir()] == ["rare-name"]
