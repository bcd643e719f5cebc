"""What a plugin of this kind has to say of itself; the protocol and the tables' language are not its concern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from idp.loopback.provider.api import Api
from idp.loopback.provider.table import Function, Row
from idp.loopback.provider.values import Properties, Value


class ConfigurationError(Exception):
    """The provider's configuration is refused: `key: value: what is allowed`, a line for each finding."""

    def __init__(self, findings: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{key}: {reason}" for key, reason in findings))
        self.findings = findings


class Provider(Protocol):
    """One cloud: its SDK, its tables and how it is reached."""

    @property
    def name(self) -> str:
        """As in `pulumi-resource-NAME`."""

    @property
    def version(self) -> str:
        """The SDK's version, which the plugin claims too."""

    @property
    def package(self) -> str:
        """The SDK's Python package."""

    @property
    def rows(self) -> Mapping[str, Row]:
        """The resource types by token."""

    @property
    def functions(self) -> Mapping[str, Function]:
        """The functions by token."""

    def check(self, configuration: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with a configuration (parts of it may be unknown): key and reason."""

    def configure(self, configuration: Properties) -> None:
        """Take the configuration. Raises ConfigurationError."""

    def api(self) -> Api:
        """Return the way to the service. Raises ConfigurationError when there was no configuration."""

    def expand(self, row: Row, inputs: Properties) -> Properties:
        """Return a program's inputs with what the configuration adds (default tags)."""

    def collapse(self, row: Row, outputs: Properties, prior: Mapping[str, Value]) -> Properties:
        """Return outputs with what the configuration added told apart from the program's own."""
