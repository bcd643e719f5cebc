"""The provider `vault` for loopback: its tables and its configuration."""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.provider.install import sdk_version
from idp.loopback.provider.provider import ConfigurationError
from idp.loopback.provider.table import Function, Row
from idp.loopback.provider.values import Properties, Value, contains_unknown
from idp.loopback.vault import configuration, login
from idp.loopback.vault.client import Client
from idp.loopback.vault.configuration import PACKAGE
from idp.loopback.vault.tables import ROWS

NAME = "vault"


class Vault:
    """See `idp.loopback.provider.provider.Provider`."""

    name = NAME
    package = PACKAGE

    def __init__(self) -> None:
        self._client: Client | None = None

    @property
    def version(self) -> str:
        """The SDK's version."""
        return sdk_version(NAME)

    @property
    def rows(self) -> Mapping[str, Row]:
        """The resource types by token."""
        return ROWS

    @property
    def functions(self) -> Mapping[str, Function]:
        """None: what a function would read could be a secret in a plain output."""
        return {}

    def check(self, configuration_: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with a configuration."""
        return configuration.check(configuration_)

    def configure(self, configuration_: Properties) -> None:
        """Take a configuration and log in. Raises ConfigurationError."""
        findings = configuration.check(configuration_)
        if findings:
            raise ConfigurationError(findings)
        if not contains_unknown(configuration_):
            self._client = login.client(configuration.parse(configuration_))

    def api(self) -> Client:
        """Return the client. Raises ConfigurationError when nothing was configured."""
        if self._client is None:
            raise ConfigurationError(
                [("vault", "the provider is not configured, or its configuration is not known yet")]
            )
        return self._client

    def expand(self, row: Row, inputs: Properties) -> Properties:  # noqa: ARG002
        """Return `inputs`: the configuration adds nothing to them."""
        return inputs

    def collapse(self, row: Row, outputs: Properties, prior: Mapping[str, Value]) -> Properties:  # noqa: ARG002
        """Return `outputs`."""
        return outputs
