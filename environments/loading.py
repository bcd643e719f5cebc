"""From the name of an environment to the environment."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from environments import rules
from environments.errors import Finding, InvalidEnvironment
from environments.explaining import explained, path, refused, shortened
from environments.model import FOLDER, Environment
from environments.partial import valid_parts
from environments.vocabulary import EnvironmentName
from environments.yamltree import LARGEST, Fault, Node, Unreadable, read

MOST_FINDINGS = 50
"""Findings in one error: a person does not read more, and a file of a million mistakes must not take minutes."""

_NAME: TypeAdapter[str] = TypeAdapter(EnvironmentName)


def names(folder: Path = FOLDER) -> list[str]:
    """Return the names of all environments in a folder, sorted.

    Other YAML files are passed over: Pulumi's stack settings (`Pulumi.dev.platform.yaml`) lie there too.
    """
    return sorted(file.stem for file in folder.glob("*.yaml") if file.is_file() and _is_name(file.stem))


def load(name: str, folder: Path = FOLDER) -> Environment:
    """Return the environment of that name.

    Raises InvalidEnvironment, and nothing else, for whatever name and content: with all findings of the file at
    once, or with the environments there are.
    """
    file = folder / f"{name}.yaml"
    try:
        if not _is_name(name) or not file.is_file():
            raise InvalidEnvironment([_unknown(name, folder)])
        with file.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise InvalidEnvironment([Finding(f"cannot be read: {error.strerror}", file.name)]) from None
    return parse(raw, name)


def parse(raw: bytes, name: str) -> Environment:
    """Return the environment from the bytes of the file `NAME.yaml`; raises InvalidEnvironment with all findings."""
    file = f"{name}.yaml"
    try:
        tree = read(raw)
    except Unreadable as error:
        raise InvalidEnvironment(_told([_from_fault(fault, file) for fault in error.faults], file)) from None
    findings = [_from_fault(fault, file) for fault in tree.repeated]
    data = tree.root.data()
    if isinstance(data, dict) and _is_name(data.get("name")) and data["name"] != name:
        findings.append(refused(tree.root, file, ("name",), f"{name}, the name of its file"))
    try:
        environment = Environment.model_validate(data)
    except ValidationError as error:
        findings += _from_validation(error, data, tree.root, file)
        raise InvalidEnvironment(_told(findings, file)) from None
    if findings:
        raise InvalidEnvironment(_told(findings, file))
    return environment


def _is_name(name: object) -> bool:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        return False
    return True


def _unknown(name: str, folder: Path) -> Finding:
    there = names(folder)
    close = get_close_matches(name, there, 1)
    hint = f"did you mean {close[0]}? " if close else ""
    return Finding(f"{shortened(repr(name))} is not an environment: {hint}There are {', '.join(there) or 'none'}")


def _from_fault(fault: Fault, file: str) -> Finding:
    return Finding(fault.message, file, fault.line, path(fault.place))


def _from_validation(error: ValidationError, data: object, root: Node, file: str) -> list[Finding]:
    """Return the findings of a failed validation, and those of the rules that can be tried all the same."""
    details = error.errors(include_url=False, include_input=False)
    findings = [explained(detail, root, file) for detail in details[: MOST_FINDINGS + 1]]
    unknown = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
    if isinstance(data, dict):
        broken = rules.broken(valid_parts(data, unknown))
        findings += [refused(root, file, rule.place, rule.allowed) for rule in broken]
    return findings


def _told(findings: list[Finding], file: str) -> list[Finding]:
    """Return the findings in the order of lines, each once, and of very many the first."""
    distinct = sorted(dict.fromkeys(findings), key=lambda finding: finding.line or 0)
    if len(distinct) <= MOST_FINDINGS:
        return distinct
    return [*distinct[:MOST_FINDINGS], Finding("more is wrong: correct these first", file)]
