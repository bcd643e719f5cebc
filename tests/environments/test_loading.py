"""Whatever a file holds: an environment, or findings with the right place and line."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from environments import Finding, InvalidEnvironment, load, names
from environments.json_schema import at
from environments.loading import MOST_FINDINGS, parse
from environments.model import FOLDER

Place = tuple[str | int, ...]
many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SHIPPED = {name: yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8")) for name in ("local", "dev", "prod")}


class Written:
    """A document as YAML, written line by line, that remembers on which line each place was put.

    It shares nothing with the reader, whose lines it is there to check.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.lines = ["# written by a test"]
        self.line_of: dict[Place, int] = {(): 2}
        self._mapping(document, (), 0)

    @property
    def raw(self) -> bytes:
        return ("\n".join(self.lines) + "\n").encode()

    def _mapping(self, mapping: dict[str, Any], place: Place, indent: int) -> None:
        for key, value in mapping.items():
            self._entry(f"{scalar(key)}:", value, (*place, key), indent)

    def _entry(self, lead: str, value: object, place: Place, indent: int) -> None:
        if isinstance(value, dict) and value:
            self._put(lead, place, indent)
            self._mapping(value, place, indent + 2)
        elif isinstance(value, list) and value:
            self._put(lead, place, indent)
            for position, each in enumerate(value):
                self._item(each, (*place, position), indent + 2)
        else:
            self._put(f"{lead} {scalar(value)}", place, indent)

    def _item(self, value: object, place: Place, indent: int) -> None:
        if not isinstance(value, dict) or not value:
            self._put(f"- {scalar(value)}", place, indent)
            return
        first, *rest = value.items()
        self.line_of[place] = len(self.lines) + 1
        self._entry(f"- {scalar(first[0])}:", first[1], (*place, first[0]), indent)
        self._mapping(dict(rest), place, indent + 2)

    def _put(self, text: str, place: Place, indent: int) -> None:
        self.lines.append(" " * indent + text)
        self.line_of[place] = len(self.lines)


def scalar(value: object) -> str:
    """Return a value in flow style on one line; texts in double quotes."""
    if isinstance(value, str):
        return yaml.dump(value, default_style='"', width=10**6, allow_unicode=True).strip()
    if isinstance(value, list | dict):
        return "[]" if isinstance(value, list) and not value else yaml.dump(value, default_flow_style=True).strip()
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if value is None or isinstance(value, bool)
        else str(value)
    )


def places(data: object, place: Place = ()) -> Iterator[tuple[Place, object]]:
    """Yield each place of a document with what is there, the document itself first."""
    yield place, data
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in inside:
        yield from places(value, (*place, step))


def inside(document: Any, place: Place) -> Any:  # noqa: ANN401 - whatever a document holds
    for step in place:
        document = document[step]
    return document


def dotted(place: Place) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")


def findings_of(document: dict[str, Any], name: str) -> tuple[dict[str, tuple[int | None, str]], Written]:
    written = Written(document)
    with pytest.raises(InvalidEnvironment) as refused:
        parse(written.raw, name)
    found = {finding.path: (finding.line, finding.message) for finding in refused.value.findings}
    assert str(refused.value).splitlines() == [str(finding) for finding in refused.value.findings]
    assert all(str(finding).startswith(f"{name}.yaml:") for finding in refused.value.findings)
    return found, written


shipped = st.sampled_from(sorted(SHIPPED))


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_what_the_oracle_writes_is_the_same_environment(name: str) -> None:
    assert parse(Written(SHIPPED[name]).raw, name) == load(name)


@many
@given(shipped, st.data())
def test_a_missing_key_is_found_at_its_place_with_the_line_of_its_parent(name: str, data: st.DataObject) -> None:
    document = copy.deepcopy(SHIPPED[name])
    required = [
        (*place, key)
        for place, value in places(document)
        if isinstance(value, dict) and len(value) > 1
        for key in at(place).get("required", ())
        if key in value
    ]
    place = data.draw(st.sampled_from(required))
    del inside(document, place[:-1])[place[-1]]
    found, written = findings_of(document, name)
    line, message = found[dotted(place)]
    assert (line, message.startswith("is missing: ")) == (written.line_of[place[:-1]], True)


@many
@given(shipped, st.data(), st.from_regex("[a-z][a-z_]{0,20}", fullmatch=True))
def test_an_unknown_key_is_found_on_its_own_line(name: str, data: st.DataObject, key: str) -> None:
    document = copy.deepcopy(SHIPPED[name])
    place = data.draw(st.sampled_from([place for place, value in places(document) if isinstance(value, dict)]))
    if key in at(place)["properties"]:
        return
    inside(document, place)[key] = "hunter2"
    found, written = findings_of(document, name)
    line, message = found[dotted((*place, key))]
    assert (line, "is not a key here" in message) == (written.line_of[(*place, key)], True)
    assert not any("hunter2" in message for _, message in found.values())


@many
@given(shipped, st.data())
def test_a_value_of_another_type_is_found_on_its_line(name: str, data: st.DataObject) -> None:
    document = copy.deepcopy(SHIPPED[name])
    place, value = data.draw(st.sampled_from([each for each in places(document) if each[0] and each[1] is not None]))
    others: list[object] = [True, 7.5, [], {}, ["x"], {"x": "y"}, -12345, "not A valid, value anywhere;"]
    other = data.draw(st.sampled_from([other for other in others if type(other) is not type(value)]))
    inside(document, place[:-1])[place[-1]] = other
    accepted = at(place).get("type") == "object" and other == {} and not at(place).get("required")
    if accepted or (other == [] and at(place).get("type") == "array" and not at(place).get("minItems")):
        return
    found, written = findings_of(document, name)
    # A mapping put where one belongs is wrong in what it holds; a list that is one, in its entry.
    at_or_below = {path: line for path, (line, _) in found.items() if path.startswith(dotted(place))}
    assert at_or_below
    assert written.line_of[place] in at_or_below.values()


@many
@given(shipped, st.data(), st.sampled_from([True, 7, 7.5, "no", "on", "012", "1:30", "2026-11-23", "0x1F"]))
def test_a_text_that_yaml_takes_for_something_else_is_to_be_quoted(
    name: str, data: st.DataObject, other: object
) -> None:
    document = copy.deepcopy(SHIPPED[name])
    texts = [place for place, value in places(document) if isinstance(value, str) and at(place).get("pattern")]
    place = data.draw(st.sampled_from(texts))
    written = Written(document)
    number = written.line_of[place] - 1
    head, _, _ = written.lines[number].rpartition(": " if isinstance(place[-1], str) else "- ")
    spelled = str(other).lower() if isinstance(other, bool) else str(other)
    written.lines[number] = f"{head}{': ' if isinstance(place[-1], str) else '- '}{spelled}"
    with pytest.raises(InvalidEnvironment) as refused:
        parse(written.raw, name)
    [finding] = [finding for finding in refused.value.findings if finding.path == dotted(place)]
    assert finding.line == number + 1
    assert finding.message.startswith(f"{spelled} is not allowed: ")
    assert f"quote it: '{spelled}'" in finding.message


@many
@given(shipped, st.data())
def test_a_repeated_key_is_found_on_its_own_line(name: str, data: st.DataObject) -> None:
    written = Written(SHIPPED[name])
    keys = [
        place
        for place, value in places(SHIPPED[name])
        if place and isinstance(place[-1], str) and not isinstance(value, dict | list)
    ]
    place = data.draw(st.sampled_from(keys))
    number = written.line_of[place]
    written.lines.insert(
        number,
        written.lines[number - 1].replace("- ", "  ", 1)
        if place[:-1] and isinstance(place[-2], int)
        else written.lines[number - 1],
    )
    with pytest.raises(InvalidEnvironment) as refused:
        parse(written.raw, name)
    [finding] = refused.value.findings
    assert (finding.line, finding.path) == (number + 1, dotted(place))
    assert f"on line {number}" in finding.message


@many
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes_are_an_environment_or_findings(raw: bytes) -> None:
    with pytest.raises(InvalidEnvironment) as refused:
        parse(raw, "local")
    assert all(len(str(finding).splitlines()) == 1 for finding in refused.value.findings)


yamlish = st.lists(
    st.sampled_from(
        [
            "name",
            "local",
            "workspaces",
            ":",
            ": ",
            "\n",
            "\n  ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "&a ",
            "*a",
            "!x ",
            "|",
            ">",
            "'",
            '"',
            "#",
            "<<",
            "? ",
            "---\n",
            "%",
            "1",
            "null",
            "\t",
        ]
    ),
    max_size=40,
).map("".join)


@many
@given(yamlish)
def test_arbitrary_yaml_is_an_environment_or_findings(text: str) -> None:
    with pytest.raises(InvalidEnvironment):
        parse(text.encode(), "local")


@many
@given(shipped, st.data())
def test_a_damaged_file_is_an_environment_or_findings(name: str, data: st.DataObject) -> None:
    raw = (FOLDER / f"{name}.yaml").read_bytes()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 40)))
    damaged = raw[:start] + data.draw(st.binary(max_size=5)) + raw[end:]
    try:
        findings: tuple[Finding, ...] = ()
        parse(damaged, name)
    except InvalidEnvironment as refused:
        findings = refused.findings
    assert all(1 <= (finding.line or 0) <= damaged.count(b"\n") + 2 for finding in findings)


def test_an_environment_cannot_be_changed() -> None:
    environment, field = load("local"), "name"
    with pytest.raises(ValidationError, match="frozen"):
        setattr(environment.workspaces[0], field, "other")
    assert isinstance(environment.workspaces, tuple)
    assert hash(environment) == hash(load("local"))


@pytest.mark.parametrize(
    "name",
    ["../x", "..", "", ".", "/etc/passwd", "a/b", "dev\n", "Pulumi.dev.platform", "x" * 300, "a\x00b", "DEV", "devel"],
)
def test_a_name_that_is_none_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(InvalidEnvironment, match="There are dev, local, prod, staging") as refused:
        load(name)
    assert len(str(refused.value).splitlines()) == 1


def test_a_name_with_a_slip_is_answered_with_the_one_that_is_meant() -> None:
    with pytest.raises(InvalidEnvironment, match="did you mean staging"):
        load("stagin")


def test_no_file_outside_the_folder_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "local.yaml").write_bytes((FOLDER / "local.yaml").read_bytes())
    with pytest.raises(InvalidEnvironment, match="is not an environment: There are none"):
        load("../local", folder)


def test_names_are_those_of_environment_files_only(tmp_path: Path) -> None:
    for file in (
        "b.yaml",
        "a.yaml",
        "Pulumi.a.platform.yaml",
        "Pulumi.yaml",
        "c.yml",
        "schema.json",
        ".hidden.yaml",
        "A.yaml",
    ):
        (tmp_path / file).touch()
    assert names(tmp_path) == ["a", "b"]


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dir.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    for name in ("dir", "pipe", "loop", "gone"):
        with pytest.raises(InvalidEnvironment, match="is not an environment"):
            load(name, tmp_path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dev.yaml").touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InvalidEnvironment) as refused:
        load("dev", tmp_path)
    assert str(refused.value) == "dev.yaml: cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b"", 1, "the file is empty"),
        (b"- a\n", 1, "a list is not allowed: a mapping with the keys name, description"),
        (b"\n\njust text\n", 3, "'just text' is not allowed: a mapping with the keys"),
        (b"null", 1, "null is not allowed: a mapping"),
        (b"42", 1, "42 is not allowed: a mapping"),
        (b"[]", 1, "an empty list is not allowed: a mapping"),
    ],
)
def test_a_file_that_is_no_mapping_is_one_finding(raw: bytes, line: int, words: str) -> None:
    with pytest.raises(InvalidEnvironment) as refused:
        parse(raw, "local")
    [finding] = refused.value.findings
    assert (finding.line, finding.path, words in finding.message) == (line, "", True)


def test_the_name_must_be_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mr-1.yaml").write_bytes((FOLDER / "dev.yaml").read_bytes())
    with pytest.raises(InvalidEnvironment) as refused:
        load("mr-1", tmp_path)
    assert str(refused.value) == "mr-1.yaml:2: name: 'dev' is not allowed: mr-1, the name of its file"


def test_very_many_findings_are_cut_off(document: dict[str, Any]) -> None:
    document.update({f"key{number}": 1 for number in range(1000)})
    with pytest.raises(InvalidEnvironment) as refused:
        parse(Written(document).raw, "mr-42")
    assert len(refused.value.findings) == MOST_FINDINGS + 1
    assert str(refused.value.findings[-1]) == "mr-42.yaml: more is wrong: correct these first"


@pytest.mark.parametrize(
    ("place", "value", "secret"),
    [
        (("state", "backend"), "s3://AKIAEXAMPLE:hun/ter2@bucket", "hun/ter2"),
        (("state", "secrets_provider"), "awskms://alias/x?secret_access_key=hunter2", "hunter2"),
        (("platform", "registries", 0), "user:hunter2@idp.local/", "hunter2"),
        (("workspaces", 0, "services", 0, "image"), "user:hunter2@idp.local/web:1", "hunter2"),
    ],
)
def test_credentials_in_a_value_are_not_repeated(
    document: dict[str, Any],
    refusals: Callable[[dict[str, Any]], list[tuple[str, str]]],
    place: Place,
    value: str,
    secret: str,
) -> None:
    inside(document, place[:-1])[place[-1]] = value
    messages = [message for _, message in refusals(document)]
    assert messages
    assert not any(secret in message for message in messages)


def test_a_long_value_and_an_odd_key_stay_on_one_short_line(document: dict[str, Any]) -> None:
    document["owner"] = "x\n" * 1000
    document["\x1b[31m\n" * 50] = 1
    found, _ = findings_of(document, "mr-42")
    assert all(len(path) < 80 and "\x1b" not in path and "\n" not in path for path in found)
    assert found["owner"][1].startswith(repr("x\n" * 1000)[:57] + "... is not allowed")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (None, None),
        ("~/.kube/config", "HOME/.kube/config"),
        ("/etc/kubeconfig", "/etc/kubeconfig"),
        ("kind.yaml", "FOLDER/kind.yaml"),
        ("../kind.yaml", "FOLDER/../kind.yaml"),
    ],
)
def test_a_kubeconfig_is_found_from_home_or_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str | None, expected: str | None
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    cluster = load("local").cluster.model_copy(update={"kubeconfig": written})
    folder = tmp_path / "folder"
    path = cluster.kubeconfig_path(folder)
    wanted = expected and expected.replace("HOME", str(tmp_path / "home")).replace("FOLDER", str(folder))
    assert (str(path) if path else None) == wanted
