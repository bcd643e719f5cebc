"""What somebody made to break the command: one line each, and no more memory than a process with a limit has."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from idp.check import run
from idp.check.documents import DEEPEST, LARGEST, MOST_VALUES
from idp.check.run import check
from idp.errors import Exit
from policies.catalogue import load

CATALOGUE = load()

MEMORY = 1536 * 2**20
"""Bytes of address space that the process has: what Python and its libraries map, and the largest document twice."""

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: pod-{number}}}
spec:
  containers:
  - name: app
    image: app:latest
    resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}
"""
SECRET = "canary-1c9e"  # noqa: S105
BOMB = f"a: &a [{SECRET}, {SECRET}]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}' if level else '*a'] * 9)}]\n" for level in range(30)
)


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def command(*args: str | Path, given: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run `idp policy check` in a process of its own; the time limit only ends one that hangs."""
    return subprocess.run(
        [sys.executable, "-m", "idp", "policy", "check", *map(str, args)],
        cwd=cwd,
        input=given,
        capture_output=True,
        preexec_fn=limited,
        timeout=300,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


def lines(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return done.stderr.decode().splitlines()


def one_line(done: subprocess.CompletedProcess[bytes]) -> str:
    assert done.returncode == Exit.INVALID, done.stderr[-2000:]
    (line,) = lines(done)
    assert line.startswith("error ")
    assert SECRET not in line
    return line


def test_10000_documents_are_judged_one_after_the_other(tmp_path: Path) -> None:
    count = 10_000
    (tmp_path / "a.yaml").write_text("---\n".join(POD.format(number=number) for number in range(count)))
    done = command(tmp_path / "a.yaml", "--format", "json")
    assert (done.returncode, lines(done)) == (Exit.VIOLATION, [])
    rows = json.loads(done.stdout)
    assert [row["name"] for row in rows] == [f"pod-{number}" for number in range(count)]
    assert {row["verdict"] for row in rows} == {"fail"}
    # Each violation is on the line of its image.
    height = POD.count("\n") + 1
    images = [one["line"] for row in rows for one in row["violations"] if one["control"] == "image_pinned"]
    assert images == [7 + height * number for number in range(count)]


HOSTILE: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "deep.yaml": (lambda: "[" * 100_000, "nested too deeply: at most 128 levels"),
    "closed.yaml": (lambda: "[" * 100_000 + "]" * 100_000, "nested too deeply"),
    "block.yaml": (lambda: "- " * 100_000 + SECRET, "nested too deeply"),
    "keys.yaml": (lambda: f"{{{SECRET}: " * 100_000, "nested too deeply"),
    "deep.json": (lambda: f'{{"{SECRET}":' * 100_000, "nested too deeply"),
    "bomb.yaml": (lambda: BOMB, "too many values in one document, aliases expanded"),
    "text.yaml": (lambda: f"a: {SECRET}: [b\n", "not YAML"),
    "prose.yaml": (lambda: f"just {SECRET}\n", "is something else; allowed are Kubernetes manifests"),
    "binary.yaml": (lambda: bytes(range(128)) * 1000, "U+0000"),
    "elf.yaml": (lambda: b"\x7fELF\x02\x01\x01" + b"\xff" * 1000, "is not UTF-8"),
    "utf8.yaml": (lambda: b"kind: Pod\na: \xc3\x28", "is not UTF-8"),
    "twice.yaml": (lambda: f"kind: Pod\napiVersion: v1\nkind: {SECRET}\n", "is there already, on line 1"),
    "twice.json": (lambda: f'{{"kind": "Pod",\n"kind": "{SECRET}"}}', "is there already, on line 1"),
    "large.yaml": (lambda: b"a" * (LARGEST + 1), "the file is too large: at most 32 MiB"),
    "empty.yaml": (lambda: "", "is empty"),
    "kind.yaml": (lambda: f"apiVersion: v1\nkind: {SECRET} x\n", "kind: has another form than is allowed"),
    "none.yaml": (lambda: f"apiVersion: v1\nname: {SECRET}\n", "kind: is missing"),
    "list.yaml": (lambda: f"apiVersion: v1\nkind: List\nitems: {{a: {SECRET}}}\n", "items: is no list"),
    "item.yaml": (lambda: f"apiVersion: v1\nkind: List\nitems: [{SECRET}]\n", "items[0]: is no mapping"),
    "tag.yaml": (lambda: f"apiVersion: v1\nkind: Pod\nspec: !!python/object:{SECRET} x\n", "a tag (!) is not allowed"),
    "state.json": (
        lambda: f'{{"deployment": {{"resources": ["{SECRET}"]}}}}',
        "deployment.resources[0].urn: is missing",
    ),
    "steps.json": (lambda: f'{{"deployment": {{"manifest": 1, "resources": "{SECRET}"}}}}', "is no list"),
}


def content_of(name: str) -> bytes:
    content = HOSTILE[name][0]()
    return content.encode() if isinstance(content, str) else content


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("by_name", [True, False])
def test_one_line_names_the_file_and_what_is_wrong(
    name: str, by_name: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = content_of(name)
    (tmp_path / name).write_bytes(raw)
    report = check([name if by_name else "-"], CATALOGUE, BytesIO(raw), pytest.fail)
    (problem,) = report.problems
    assert str(problem).startswith(f"{name if by_name else '-'}:")
    assert HOSTILE[name][1] in str(problem)
    assert "\n" not in str(problem)
    assert SECRET not in str(problem)
    assert report.judged == []


def test_too_many_values_fit_into_memory(tmp_path: Path) -> None:
    (tmp_path / "wide.yaml").write_text("- {}\n" * (MOST_VALUES + 1))
    assert "too many values in one document" in one_line(command(tmp_path / "wide.yaml"))


def test_a_huge_scalar_is_read_and_not_repeated(tmp_path: Path) -> None:
    huge = SECRET * ((LARGEST - 1000) // len(SECRET))
    (tmp_path / "a.yaml").write_text(
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{a: {huge}}}\n"
    )
    (tmp_path / "b.json").write_text(f'{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{huge}"}}}}')
    done = command(tmp_path, "--json")
    assert (done.returncode, lines(done)) == (Exit.VIOLATION, [])
    (first, second) = json.loads(done.stdout)
    assert first["name"] == "s"
    assert len(second["name"]) < 300


def test_one_broken_file_hides_nothing_of_the_others(tmp_path: Path) -> None:
    broken = set(HOSTILE) - {"empty.yaml"}
    for name in broken:
        (tmp_path / name).write_bytes(content_of(name))
    (tmp_path / "good.yaml").write_text(POD.format(number=1))
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "self.yaml").symlink_to("self.yaml")
    (tmp_path / "up").symlink_to(".")
    done = command(".", "--json", cwd=tmp_path)
    assert done.returncode == Exit.INVALID
    (row,) = json.loads(done.stdout)
    assert (row["path"], row["verdict"]) == ("good.yaml", "fail")
    errors = [line for line in lines(done) if line.startswith("error ")]
    named = sorted(line.split()[1].split(":")[0] for line in errors)
    assert named == sorted([*broken, "pipe.yaml", "self.yaml"])
    assert SECRET.encode() not in done.stdout + done.stderr


def test_the_most_findings_fit_into_memory(tmp_path: Path) -> None:
    """Pods without number whose containers all fail: what is kept is bounded, what is said is still right."""
    pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [" + "{}," * 25 + "]}\n---\n"
    (tmp_path / "a.yaml").write_text(pod * 3_000)
    done = command(tmp_path / "a.yaml", "--json")
    assert (done.returncode, lines(done)) == (Exit.VIOLATION, [])
    rows = json.loads(done.stdout)
    assert len(rows) == 3_000
    assert {row["verdict"] for row in rows} == {"fail"}
    assert rows[-1]["left_out"] > 0


@pytest.mark.parametrize("depth", [DEEPEST - 2, DEEPEST])
def test_the_deepest_document_is_judged_by_every_rule(depth: int) -> None:
    """Rules and readers walk through a document by calling themselves: the limit must be below Python's."""
    levels = depth - 2
    nested = '{"a": ' * levels + "1" + "}" * levels
    text = f'{{"apiVersion": "v1", "kind": "Pod", "spec": {{"x": {nested}}}}}'
    report = check(["-"], CATALOGUE, BytesIO(text.encode()), pytest.fail)
    assert report.problems == []
    assert [said.message for one in report.judged for said in one.violations if "evaluated" in said.message] == []


def test_the_number_of_resources_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "MOST_RESOURCES", 50)
    text = b"apiVersion: v1\nkind: A\n---\n" * 60
    report = check(["-", "missing"], CATALOGUE, BytesIO(text), pytest.fail)
    (problem,) = report.problems
    assert "more than 50 resources in all" in str(problem)
    assert len(report.judged) == 50
