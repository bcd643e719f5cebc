"""A request as the recorder sees it, and what can be answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Members = dict[str, Any]
"""Members of a botocore shape: their kinds are the model's, checked on the way in."""


@dataclass
class Scope:
    """What is remembered for one account and region: by kind (`addon`), then by key."""

    account: str
    region: str
    records: dict[str, dict[tuple[str, ...], Members]] = field(default_factory=dict)

    def of(self, kind: str) -> dict[tuple[str, ...], Members]:
        """Return the records of one kind."""
        return self.records.setdefault(kind, {})


@dataclass(frozen=True)
class Request:
    """An operation, its members, and where it is for."""

    service: str
    operation: str
    members: Members
    scope: Scope


class RefusedError(Exception):
    """The answer is an error of the service."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


Handler = Callable[[Request], Members | None]
"""Returns the answer's members; None hands the request on to moto. Raises RefusedError."""

Complement = Callable[[Request, Members], None]
"""Changes moto's answer in place."""


def not_found(message: str) -> RefusedError:
    """Return the error of EKS for what is not there."""
    return RefusedError("ResourceNotFoundException", message, 404)


def in_use(message: str) -> RefusedError:
    """Return the error of EKS for what is there already."""
    return RefusedError("ResourceInUseException", message, 409)
