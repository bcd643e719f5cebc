"""What is made from the model is what is committed, and the examples in the documentation are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from environments import InvalidEnvironment, load, reference, schema
from environments.loading import parse
from environments.model import FOLDER

DOCUMENT = reference.DOCUMENT.read_text("utf-8")


def test_the_tables_of_fields_are_current() -> None:
    assert reference.with_fields(DOCUMENT) == DOCUMENT, "run: python -m environments.reference"


def test_every_field_has_a_row() -> None:
    tables = reference.fields(schema())
    parts = [schema(), *schema()["$defs"].values()]
    wanted = [f"| `{key}` |" for part in parts for key in part["properties"]]
    assert re.findall(r"^\| `\w+` \|", tables, re.MULTILINE) == wanted


def test_writing_makes_both_files(tmp_path: Path) -> None:
    document = tmp_path / "environments.md"
    document.write_text(f"before\n{reference.BEGIN}\nold\n{reference.END}\nafter\n", "utf-8")
    reference.write(tmp_path / "schema.json", document)
    assert (tmp_path / "schema.json").read_text("utf-8") == reference.schema_text()
    text = document.read_text("utf-8")
    assert (text.startswith("before\n"), text.endswith("\nafter\n"), "\nold\n" in text) == (True, True, False)
    assert reference.with_fields(text) == text


@pytest.mark.parametrize("text", ["", reference.BEGIN, reference.END])
def test_a_document_without_its_marks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        reference.with_fields(text)


def block(after: str, language: str) -> str:
    found = re.search(rf"{re.escape(after)}\n\n```{language}\n(.*?)\n```", DOCUMENT, re.DOTALL)
    assert found
    return found[1]


def test_the_example_of_mistakes_gives_what_the_documentation_says() -> None:
    with pytest.raises(InvalidEnvironment) as refused:
        parse(block("`mr-42.yaml`,", "yaml").encode(), "mr-42")
    assert str(refused.value) == block("gives", "text")


def test_the_example_of_an_unknown_environment_is_true() -> None:
    with pytest.raises(InvalidEnvironment) as refused:
        load("prd")
    assert str(refused.value) == block("answered with those that do:", "text")


def test_the_smallest_workspace_is_enough() -> None:
    raw = (FOLDER / "dev.yaml").read_text("utf-8").partition("workspaces:\n")[0]
    environment = parse((raw + block("one more entry under `workspaces`:", "yaml")).encode(), "dev")
    assert environment.workspaces[0].pod_security == "restricted"


def test_the_foundation_that_adopts_everything_is_one() -> None:
    lines = block("created or adopted, in any combination:", "yaml")
    raw = (FOLDER / "dev.yaml").read_text("utf-8")
    before, _, rest = raw.partition("foundation:\n")
    after = "platform:\n" + rest.partition("\nplatform:\n")[2]
    foundation = parse(f"{before}{lines}\n{after}".encode(), "dev").foundation
    assert foundation
    assert foundation.network.existing
    assert foundation.cluster.existing
