"""`idp policy list|check` as people call them: what is printed where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from idp import __main__ as program
from idp.commands.policy import CheckFormat, Level, ListFormat
from idp.errors import Exit, IdpError
from policies.catalogue import load

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fine, namespace: team}\n"
BAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - image: app:latest\n"
FILES = {"good.yaml": GOOD, "bad.yaml": BAD, "broken.yaml": "a: [1\n"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str, given: str | None = None) -> Result:
    return CliRunner().invoke(program.app, ["policy", *args], input=given)


def code_of(result: Result) -> Exit:
    return result.exception.code if isinstance(result.exception, IdpError) else Exit(result.exit_code)


def rows(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("form", CheckFormat)
@pytest.mark.parametrize(
    ("paths", "code"),
    [
        (["good.yaml"], Exit.OK),
        (["bad.yaml"], Exit.VIOLATION),
        (["bad.yaml", "good.yaml"], Exit.VIOLATION),
        (["broken.yaml", "good.yaml"], Exit.INVALID),
        (["bad.yaml", "broken.yaml"], Exit.INVALID),
        (["missing.yaml", "bad.yaml"], Exit.INVALID),
        (["."], Exit.INVALID),
    ],
)
def test_the_exit_code_tells_and_the_report_is_whole(form: CheckFormat, paths: list[str], code: Exit) -> None:
    result = run("check", *paths, "--format", form)
    assert code_of(result) is code
    text = result.stdout
    if form is not CheckFormat.TEXT:
        json.loads(text)
    assert ("image_pinned" in text.replace('"id": "image_pinned"', "")) is ("bad.yaml" in paths or paths == ["."])


@pytest.mark.parametrize("args", [["--json"], ["--format", "json"]])
def test_rows(args: list[str]) -> None:
    (row,) = rows(run("check", "bad.yaml", *args))
    assert (row["path"], row["kind"], row["name"], row["verdict"]) == ("bad.yaml", "Pod", "p", "fail")
    controls = {one["control"] for one in row["violations"]}
    assert "image_pinned" in controls
    assert all({"control", "severity", "message", "remedy"} <= one.keys() for one in row["violations"])


def test_standard_input_is_a_path() -> None:
    result = run("check", "-", "good.yaml", "--json", given=BAD)
    assert [(row["path"], row["verdict"]) for row in rows(result)] == [("-", "fail"), ("good.yaml", "pass")]


def test_errors_name_path_place_and_what_is_allowed() -> None:
    (Path("kind.yaml")).write_text("apiVersion: v1\nkind: 7\n")
    result = run("check", "broken.yaml", "kind.yaml", "missing")
    assert str(result.exception).splitlines() == [
        "broken.yaml:2: not YAML: did not find expected ',' or ']'",
        "kind.yaml:2: kind: has another form than is allowed: a text such as `Deployment`",
        "missing: does not exist; allowed are files, folders and - for the standard input",
    ]


@pytest.mark.parametrize("args", [["check"], ["check", ".", "--format", "xml"], ["check", ".", "--profile", "none"]])
def test_a_wrong_command_line(args: list[str]) -> None:
    assert run(*args).exit_code == Exit.INVALID


@pytest.mark.parametrize("level", Level)
def test_a_level_asks_its_rules_or_refuses_to_ask_none(level: Level) -> None:
    levels = {Level.BASELINE: {"baseline"}, Level.RESTRICTED: {"baseline", "restricted"}}.get(level)
    wanted = [rule.id for rule in load().rules if levels is None or (rule.profile and rule.profile.value in levels)]
    result = run("check", "bad.yaml", "--format", "sarif", "--profile", level)
    if wanted:
        (found,) = json.loads(result.stdout)["runs"]
        assert [rule["id"] for rule in found["tool"]["driver"]["rules"]] == wanted
    else:
        assert code_of(result) is Exit.INVALID
        assert "no rule is of that level" in str(result.exception)


def test_the_catalogue_is_listed_in_each_format() -> None:
    ids = [rule.id for rule in load().rules]
    assert [row["id"] for row in rows(run("list", "--json"))] == ids
    assert [row["id"] for row in rows(run("list", "--format", "json"))] == ids
    markdown = run("list", "--format", ListFormat.MARKDOWN).stdout
    assert all(f"| {name} |" in markdown for name in ids)
    table = run("list").stdout
    assert f"{len(ids)} rules" in table
    assert "severity" in table


def test_other_commands_do_not_wait_for_the_catalogue() -> None:
    code = "import sys, idp.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    assert not [name for name in done.stdout.split() if name.startswith(("policies", "idp.check"))]


def test_neither_needs_the_policy_sdk() -> None:
    code = (
        "import sys, idp.check.run, idp.check.sarif, idp.check.codequality, idp.check.render, idp.check.listing;"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    assert not [name for name in done.stdout.split() if name.startswith(("pulumi_policy", "pulumi_kubernetes"))]


def test_an_environment_adds_what_it_knows() -> None:
    assert code_of(run("check", "good.yaml", "--environment", "local")) is Exit.OK
    bad = run("check", "bad.yaml", "--environment", "local", "--json")
    assert code_of(bad) is Exit.VIOLATION
    assert "image_registry" in {one["control"] for one in rows(bad)[0]["violations"]}
    assert "image_registry" not in run("check", "bad.yaml", "--json").stdout


def test_an_environment_that_is_not_there_is_one_line() -> None:
    missing = run("check", "good.yaml", "--environment", "nowhere")
    assert missing.exception is not None
    assert "nowhere" in str(missing.exception)
    assert missing.stdout == ""
