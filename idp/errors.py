"""What goes wrong, as one clear line and an exit code."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the `idp` command (documented in its help and the README)."""

    OK = 0
    FAILED = 1
    """An operation was tried and failed: an update, a start, a build."""
    INVALID = 2
    """The request or a file is wrong; nothing was tried, nothing was created."""
    MISSING = 3
    """The machine lacks something: a tool, root, Linux, a port, disk space."""
    BUSY = 4
    """Somebody else holds the environment."""
    VIOLATION = 5
    """A policy refused the preview or the update."""


class IdpError(Exception):
    """An expected failure: `str(error)` is what the person reads, one line for each finding.

    Raised with a message that names the path, the value and what is allowed (or the remedy);
    never carries a secret.
    """

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code
