"""The provider `aws` for loopback: its tables, its configuration, its default tags."""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.aws import configuration
from idp.loopback.aws.client import Client, Credentials
from idp.loopback.aws.configuration import PACKAGE, Configuration
from idp.loopback.aws.tables import FUNCTIONS, ROWS
from idp.loopback.provider.api import ApiError
from idp.loopback.provider.install import sdk_version
from idp.loopback.provider.provider import ConfigurationError
from idp.loopback.provider.table import Function, Row
from idp.loopback.provider.values import UNKNOWN, Properties, Value, contains_unknown

NAME = "aws"
_RESERVED = "aws:"
"""How tags begin that AWS itself sets."""


class Aws:
    """See `idp.loopback.provider.provider.Provider`."""

    name = NAME
    package = PACKAGE

    def __init__(self) -> None:
        self._configuration: Configuration | None = None
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
        """The functions by token."""
        return FUNCTIONS

    def check(self, configuration_: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with a configuration."""
        return configuration.check(configuration_)

    def configure(self, configuration_: Properties) -> None:
        """Take a configuration, and refuse a foreign account before anything is asked or made in it."""
        findings = configuration.check(configuration_)
        if findings:
            raise ConfigurationError(findings)
        if contains_unknown(configuration_):
            return
        parsed = configuration.parse(configuration_)
        client = Client(
            parsed.region, Credentials(parsed.access_key, parsed.secret_key, parsed.token), parsed.endpoints
        )
        if parsed.allowed_accounts:
            _require_account(client, parsed.allowed_accounts)
        self._configuration, self._client = parsed, client

    def api(self) -> Client:
        """Return the client. Raises ConfigurationError when nothing was configured."""
        if self._client is None:
            raise ConfigurationError([("aws", "the provider is not configured, or its configuration is not known yet")])
        return self._client

    def expand(self, row: Row, inputs: Properties) -> Properties:
        """Return `inputs` with `tagsAll`: the default tags and over them the resource's own."""
        if "tagsAll" not in row.properties:
            return inputs
        own = inputs.get("tags")
        if own is UNKNOWN:
            return {**inputs, "tagsAll": UNKNOWN}
        return {**inputs, "tagsAll": {**self._default_tags(), **(own if isinstance(own, dict) else {})}}

    def collapse(self, row: Row, outputs: Properties, prior: Mapping[str, Value]) -> Properties:
        """Return `outputs` with `tags`: what of `tagsAll` is the resource's own."""
        if "tagsAll" not in row.properties:
            return outputs
        told = outputs.get("tagsAll")
        tags = told if isinstance(told, Mapping) else {}
        every = {key: value for key, value in tags.items() if not key.startswith(_RESERVED)}
        given = prior.get("tags")
        given = given if isinstance(given, Mapping) else {}
        defaults = self._default_tags()
        own = {key: value for key, value in every.items() if key in given or defaults.get(key) != value}
        return {**outputs, "tagsAll": every, "tags": own or None}

    def _default_tags(self) -> dict[str, str]:
        return dict(self._configuration.default_tags) if self._configuration else {}


def _require_account(client: Client, allowed: tuple[str, ...]) -> None:
    try:
        account = client.account
    except ApiError as error:
        raise ConfigurationError([("allowedAccountIds", f"the account can't be found out: {error}")]) from error
    if account not in allowed:
        raise ConfigurationError(
            [("allowedAccountIds", f"the credentials are of account {account}, allowed: {', '.join(allowed)}")]
        )
