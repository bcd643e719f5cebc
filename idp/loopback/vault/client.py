"""Vault's HTTP API through hvac's adapter, to one loopback address only.

An operation is a verb and a path with references in braces: `POST {backend}/roles/{name}`. References are filled
from the request, the rest of the request is the body; Vault, too, has one space of names for both.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import hvac.adapters
import requests
from requests.adapters import HTTPAdapter

from idp.loopback.provider import loopback
from idp.loopback.provider.api import ApiError, InvalidRequestError
from idp.loopback.provider.table import BRACES
from idp.loopback.provider.values import UNKNOWN, Properties, Value

# It logs each request's path, and a program may hold a path for a secret.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

_READ_SECONDS = 60
_CONNECTIONS = 32
"""Kept open at most; the plugin serves so many requests at once."""
_GONE = re.compile(r"^No (secret engine|auth engine|auth method) |no matching mount|unable to find PKI issuer", re.I)
"""How Vault says with another code than 404 that something is not there."""
_IGNORED = "ignored these unrecognized parameters"
_UPGRADE_LOOKS = 40
_UPGRADE_SECONDS = 0.25
"""A new engine of versioned secrets refuses everything for a moment, while it makes itself ready."""
_RETRY_SECONDS = 0.5
_UNTOUCHED = (502, 503, 504)
"""Statuses of a server that is sealed, has no leader, or is not there behind its proxy: nothing was done."""
_SEGMENT = re.compile(r"[^\x00-\x1f\x7f?#%]+")


@dataclass(frozen=True)
class Server:
    """Where Vault is, and how its certificate is judged."""

    address: str
    """`http(s)://ADDRESS:PORT`, the host an address of 127.0.0.0/8 or ::1."""
    ca_file: str | None = None
    name: str | None = None
    """The name the certificate must have, when it is not the address."""
    retries: int = 0
    """How often a request is sent again that the server, or what stands before it, could not take up."""


class Client:
    """The operations of one Vault server with one token.

    Address and token are given, never looked up: no environment variable (`VAULT_*`, proxies), no file of the user
    decides where a request goes. A last look at each request refuses any other address, redirects are not followed.
    """

    region = ""
    account = ""

    def __init__(self, server: Server, token: str | None = None) -> None:
        loopback.require(server.address)
        self.server = server
        session = requests.Session()
        session.trust_env = False
        session.verify = server.ca_file or True
        fence = _Fence(server.name)
        session.mount("http://", fence)
        session.mount("https://", fence)
        self._adapter = hvac.adapters.RawAdapter(
            base_uri=server.address,
            token=token,
            timeout=_READ_SECONDS,
            allow_redirects=False,
            session=session,
        )

    def with_token(self, token: str) -> Client:
        """Return a client of the same server with another token."""
        return Client(self.server, token)

    def member(self, service: str, operation: str, within: str, name: str) -> str | None:  # noqa: ARG002
        """Return the field that a property of this name is; None for one that is in the path already."""
        return None if name in BRACES.findall(operation) else snake(name)

    def encode(self, service: str, operation: str, members: Mapping[str, Value]) -> Properties:  # noqa: ARG002
        """Return the request. Raises InvalidRequestError for a path that would lead elsewhere."""
        findings = []
        for name in BRACES.findall(operation):
            reason = _problem(members.get(name))
            if reason is not None:
                findings.append(f"{name}: {reason}")
        if findings:
            raise InvalidRequestError(findings)
        return dict(members)

    def send(self, service: str, operation: str, request: Properties, region: str = "") -> Properties:  # noqa: ARG002
        """Send a request; return the answer's `data`. Raises ApiError, also when nobody answers."""
        data = self.answer(operation, request).get("data")
        return data if isinstance(data, dict) else {}

    def answer(self, operation: str, request: Properties) -> Properties:
        """Send a request; return the whole answer. Raises ApiError."""
        verb, path, rest = _parts(operation, request)
        said = f"{verb} {path}"
        response = self._request(said, verb, path, rest)
        for pause in self._pauses(response):
            time.sleep(pause)
            response = self._request(said, verb, path, rest)
            if not _is_untouched(response) and not _is_upgrading(response):
                break
        if not response.ok:
            raise _refused(said, response)
        if response.is_redirect:
            raise ApiError(said, "Redirect", "the server points elsewhere, and redirects are not followed")
        return _content(said, response)

    def _pauses(self, response: requests.Response) -> list[float]:
        """Return the seconds to wait before each further attempt; none when the answer is one."""
        if _is_upgrading(response):
            return [_UPGRADE_SECONDS] * _UPGRADE_LOOKS
        return [_RETRY_SECONDS * 2**turn for turn in range(self.server.retries)] if _is_untouched(response) else []

    def _request(self, said: str, verb: str, path: str, rest: Properties) -> requests.Response:
        where = "json" if verb in ("POST", "PUT") else "params"
        given: dict[str, Any] = {where: rest} if rest else {}
        try:
            return self._adapter.request(verb.lower(), f"/v1/{quote(path, safe='/')}", raise_exception=False, **given)
        except requests.RequestException as error:
            raise ApiError(said, type(error).__name__, _short(error)) from None


class _Fence(HTTPAdapter):
    """Sends to loopback only, whatever the session was told; TLS names are checked against `name` if given."""

    def __init__(self, name: str | None) -> None:
        self._name = name
        super().__init__(pool_maxsize=_CONNECTIONS)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        loopback.require(str(request.url))
        return super().send(request, *args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if self._name:
            kwargs |= {"server_hostname": self._name, "assert_hostname": self._name}
        super().init_poolmanager(*args, **kwargs)


def snake(name: str) -> str:
    """Return Vault's spelling of a property's name (`tokenMaxTtl` → `token_max_ttl`)."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _problem(value: Value) -> str | None:
    """Return why a value can't stand in a path: it would lead to another one."""
    if value is UNKNOWN:
        return None
    if not isinstance(value, str) or not value:
        return "required, but missing"
    if any(part in ("", ".", "..") for part in value.split("/")) or not _SEGMENT.fullmatch(value):
        return f"{value!r} is no path: no empty, '.' or '..' part, no slash at either end, none of ?#% and no control"
    return None


def _parts(operation: str, request: Properties) -> tuple[str, str, Properties]:
    verb, template = operation.split(" ", 1)
    names = BRACES.findall(template)
    path = BRACES.sub(lambda match: str(request[match.group(1)]), template)
    return verb, path, {name: value for name, value in request.items() if name not in names}


def _is_untouched(response: requests.Response) -> bool:
    return response.status_code in _UNTOUCHED


def _is_upgrading(response: requests.Response) -> bool:
    return response.status_code == requests.codes.bad_request and b"Upgrading from non-versioned" in response.content


def _refused(said: str, response: requests.Response) -> ApiError:
    try:
        content = response.json()
    except ValueError:
        content = {}
    errors = [str(item) for item in content.get("errors") or []] if isinstance(content, dict) else []
    gone = any(_GONE.search(item) for item in errors)
    return ApiError(said, "404" if gone else str(response.status_code), "; ".join(errors) or "no reason given")


def _content(said: str, response: requests.Response) -> Properties:
    if not response.content:
        return {}
    try:
        content = response.json()
    except ValueError:
        raise ApiError(said, "NotJson", "whoever answers there is no Vault server") from None
    if not isinstance(content, dict):
        return {}
    ignored = [str(item) for item in content.get("warnings") or [] if _IGNORED in str(item)]
    if ignored:
        # An older server, or another one: what it does not know would be lost without a word.
        raise ApiError(said, "Ignored", "; ".join(ignored))
    return content


def _short(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return f"the server's certificate is not trusted; caCertFile names its authority ({_reason(error)})"
    if isinstance(error, requests.ConnectionError):
        return "nobody listens at the provider's address, or the server cut the connection"
    return "no answer in time" if isinstance(error, requests.Timeout) else "the request failed"


def _reason(error: requests.RequestException) -> str:
    found = re.search(r"certificate verify failed: ([^(\[]+)", str(error))
    return found.group(1).strip() if found else "TLS handshake failed"
