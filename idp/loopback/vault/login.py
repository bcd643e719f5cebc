"""A token to work with: the one given, or one from a login, and of it a child that lives briefly."""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.provider.api import ApiError, InvalidRequestError
from idp.loopback.provider.provider import ConfigurationError
from idp.loopback.provider.values import Properties
from idp.loopback.vault.client import Client
from idp.loopback.vault.configuration import Configuration


def client(configuration: Configuration) -> Client:
    """Return a client with a token. Raises ConfigurationError when Vault gives none."""
    anonymous = Client(configuration.server)
    try:
        token = configuration.token or _login(anonymous, configuration)
        given = anonymous.with_token(token)
        return given.with_token(_child(given, configuration)) if configuration.child else given
    except (ApiError, InvalidRequestError) as error:
        raise ConfigurationError([("token" if configuration.token else "authLogin", str(error))]) from None


def _login(anonymous: Client, configuration: Configuration) -> str:
    login = configuration.login
    if login is None:
        raise ConfigurationError([("token", "required, but missing")])
    request = anonymous.encode("", "POST {path}", {"path": login.path})
    return _token(anonymous.answer("POST {path}", {**login.parameters, **request}))


def _child(given: Client, configuration: Configuration) -> str:
    """Return a token that ends by itself: what a plugin that is killed leaves behind is of no use to anybody."""
    life = f"{configuration.seconds}s"
    request: Properties = {
        "display_name": configuration.child_name,
        "ttl": life,
        "explicit_max_ttl": life,
        "renewable": False,
    }
    return _token(given.answer("POST auth/token/create", request))


def _token(answer: Properties) -> str:
    auth = answer.get("auth")
    if not isinstance(auth, Mapping) or not auth.get("client_token"):
        raise ApiError("login", "NoToken", "the answer has no token in it")
    return str(auth["client_token"])
