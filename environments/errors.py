"""What is wrong with an environment file, as findings a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `str(finding)` is exactly one line."""

    message: str
    """What was found and what is allowed."""
    file: str | None = None
    """Name of the file without its folder; None where no file is involved."""
    line: int | None = None
    """Line in the file, counted from 1; None where the finding concerns the file as a whole."""
    path: str = ""
    """Place in the document such as `workspaces[0].quota.cpu`; empty for the document itself."""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return ": ".join(part for part in (place, self.path, self.message) if part)


class InvalidEnvironment(Exception):  # noqa: N818 - named for what it says, as callers read it
    """An environment file cannot be used; `str(error)` has one line for each finding.

    `findings` is never empty and in the order of the file's lines.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
