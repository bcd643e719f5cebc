"""What carries requests to the service behind a provider, and what can go wrong there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from idp.loopback.provider.values import Properties, Value

_GONE = re.compile(r"NotFound|NoSuch|NotExist|DoesNotExist|^404$")


class ApiError(Exception):
    """The service refused: its code and its message."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.operation = operation
        self.code = code

    @property
    def is_gone(self) -> bool:
        """Whether it says that the thing is not there."""
        return bool(_GONE.search(self.code))


class InvalidRequestError(Exception):
    """A request does not fit the service's model: a line for each finding, `path: what is allowed`."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("; ".join(findings))
        self.findings = findings


class Api(Protocol):
    """The service's operations by name."""

    @property
    def region(self) -> str:
        """Where resources are made that do not say."""

    @property
    def account(self) -> str:
        """The account of the credentials."""

    def member(self, service: str, operation: str, within: str, name: str) -> str | None:
        """Return the request member that a property of this name is; None if there is none."""

    def encode(self, service: str, operation: str, members: Mapping[str, Value]) -> Properties:
        """Return the request, in the service's names and kinds; unknown values become placeholders.

        Raises InvalidRequestError whose findings name the operation.
        """

    def send(self, service: str, operation: str, request: Properties, region: str) -> Properties:
        """Send a request; return the answer. Raises ApiError."""
