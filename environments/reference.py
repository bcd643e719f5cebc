"""Files made from the model: `schema.json` and the table of fields in `docs/environments.md`.

`python -m environments.reference` writes both anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from environments.json_schema import resolved, schema
from environments.model import FOLDER

SCHEMA_FILE = FOLDER / "schema.json"
DOCUMENT = FOLDER.parent / "docs" / "environments.md"
BEGIN = "<!-- fields: made by python -m environments.reference -->"
END = "<!-- end of fields -->"


def schema_text() -> str:
    """Return what `schema.json` holds."""
    return json.dumps(schema(), indent=2) + "\n"


def fields(whole: Mapping[str, Any]) -> str:
    """Return the tables of all fields in Markdown, one for each kind of part, outermost first."""
    parts = [("The file", whole), *whole["$defs"].items()]
    return "\n\n".join(_table(title, part, whole) for title, part in parts)


def with_fields(document: str) -> str:
    """Return the document with the tables between its two marks; raises ValueError where a mark is not there."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT.name}: needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{fields(schema())}\n\n{END}{after}"


def _table(title: str, part: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    head = [f"### {title}", "", part["description"], "", "| Key | Meaning | Allowed | Default |", "|---|---|---|---|"]
    return "\n".join([*head, *_rows(part, whole)])


def _rows(part: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    for key, written in part["properties"].items():
        field = resolved(written, whole)
        default = "required" if key in part.get("required", ()) else f"`{json.dumps(field['default'])}`"
        meaning = written.get("description", "")
        yield f"| `{key}` | {_cell(meaning)} | {_cell(_allowed(written))} | {_cell(default)} |"


def _allowed(written: Mapping[str, Any]) -> str:
    if options := written.get("anyOf"):
        return f"null, or {_allowed(options[0])}"
    if reference := written.get("$ref"):
        return f"a mapping, see {reference.rpartition('/')[2]}"
    if options := written.get("enum"):
        return " or ".join(f"`{option}`" for option in options)
    if written["type"] == "integer":
        return f"a whole number from {written['minimum']} to {written['maximum']}"
    if written["type"] == "boolean":
        return "true or false"
    if written["type"] == "array":
        fewest = {1: " of at least one", 2: " of at least two"}.get(written.get("minItems", 0), "")
        return f"a list{fewest}; each: {_allowed(written['items'])}"
    return str(written["patternErrorMessage"]).removeprefix("Allowed: ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write(schema_file: Path = SCHEMA_FILE, document: Path = DOCUMENT) -> None:
    """Write the schema and the tables of the document anew."""
    schema_file.write_text(schema_text(), encoding="utf-8")
    document.write_text(with_fields(document.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write()
