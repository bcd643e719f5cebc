"""The provider's configuration: which keys, which values, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from idp.loopback.provider import loopback, settings
from idp.loopback.provider.checking import nearest
from idp.loopback.provider.values import Properties, Value, contains_unknown
from idp.loopback.vault.client import Server

PACKAGE = "pulumi_vault"

KEYS = (
    "address",
    "authLogin",
    "authLoginJwt",
    "caCertFile",
    "maxLeaseTtlSeconds",
    "maxRetries",
    "skipChildToken",
    "skipGetVaultVersion",
    "skipTlsVerify",
    "tlsServerName",
    "token",
    "tokenName",
)
"""`skipGetVaultVersion` asks the official provider to leave out what this one never does; the SDK sets `maxRetries`."""

_CREDENTIALS = ("token", "authLogin", "authLoginJwt")
TOKEN_VARIABLE = "VAULT_TOKEN"  # noqa: S105 (a name)
"""Asked where none of them is configured, as the official provider does: a token that lives for minutes is nothing to
keep in a state, where it would also make a difference in every preview."""
_LOGIN = ("mount", "role", "jwt")
_GENERIC = ("path", "parameters")
"""What is taken inside `authLoginJwt` and `authLogin`."""
SECONDS = 1200
"""Life of the child token, unless `maxLeaseTtlSeconds` says otherwise; as in the official provider."""


_MOST_RETRIES = 10
RETRIES = 2
"""As in the SDK."""


@dataclass(frozen=True)
class Login:
    """A login that gives a token."""

    path: str
    """`auth/MOUNT/login`."""
    parameters: Mapping[str, Value] = field(repr=False)


@dataclass(frozen=True)
class Configuration:
    """A configuration that holds."""

    server: Server
    token: str | None = field(repr=False)
    login: Login | None
    child: bool
    """Whether requests go out with a token of their own that lives for `seconds`."""
    seconds: int
    child_name: str


def check(raw: Properties) -> list[tuple[str, str]]:
    """Return what is wrong with a configuration, parts of which may be unknown: key and reason."""
    opened = settings.opened(PACKAGE, raw)
    findings = settings.check(PACKAGE, opened, KEYS, ("address",))
    return findings or [*_check_address(opened), *_check_credentials(opened), *_check_rest(opened)]


def parse(raw: Properties) -> Configuration:
    """Return the configuration; `check` has nothing against it."""
    opened = settings.opened(PACKAGE, raw)
    seconds = opened.get("maxLeaseTtlSeconds")
    return Configuration(
        server=_server(opened),
        token=_text(opened, "token") or _surrounding(opened),
        login=_login(opened),
        child=opened.get("skipChildToken") is not True,
        seconds=seconds if isinstance(seconds, int) else SECONDS,
        child_name=_text(opened, "tokenName") or "pulumi",
    )


def _server(opened: Properties) -> Server:
    retries = opened.get("maxRetries")
    return Server(
        address=str(opened["address"]).rstrip("/"),
        ca_file=_text(opened, "caCertFile"),
        name=_text(opened, "tlsServerName"),
        retries=retries if isinstance(retries, int) else RETRIES,
    )


def _check_address(opened: Properties) -> list[tuple[str, str]]:
    address = opened["address"]
    reason = None if contains_unknown(address) else loopback.problem(str(address))
    return [("address", reason)] if reason else []


def _check_credentials(opened: Properties) -> list[tuple[str, str]]:
    given = [key for key in _CREDENTIALS if opened.get(key) not in (None, "")]
    if len(given) > 1 or not (given or _surrounding(opened)):
        said = f"got {' and '.join(given)}" if given else f"none is given, and {TOKEN_VARIABLE} is not set"
        return [("token", f"exactly one of {', '.join(_CREDENTIALS)} is needed, {said}")]
    findings: list[tuple[str, str]] = []
    for key, allowed in (("authLoginJwt", _LOGIN), ("authLogin", _GENERIC)):
        block = opened.get(key)
        findings.extend(
            (f"{key}.{name}", f"not supported; {', '.join(allowed)} are{nearest(name, allowed)}")
            for name in (block if isinstance(block, Mapping) else ())
            if name not in allowed
        )
    jwt = opened.get("authLoginJwt")
    if isinstance(jwt, Mapping) and not jwt.get("jwt"):
        findings.append(("authLoginJwt.jwt", "required, but missing; no environment variable is asked"))
    return findings


def _surrounding(opened: Properties) -> str | None:
    """Return the token of the surroundings where the configuration has no credentials."""
    if any(opened.get(key) not in (None, "") for key in _CREDENTIALS):
        return None
    return os.environ.get(TOKEN_VARIABLE, "").strip() or None


def _check_rest(opened: Properties) -> list[tuple[str, str]]:
    findings = []
    path = opened.get("caCertFile")
    if isinstance(path, str) and not Path(path).is_file():
        findings.append(("caCertFile", f"{path}: no such file"))
    if opened.get("skipTlsVerify") is True:
        findings.append(
            ("skipTlsVerify", "not supported; certificates are always judged, by caCertFile if it is given")
        )
    retries = opened.get("maxRetries")
    if isinstance(retries, int) and not 0 <= retries <= _MOST_RETRIES:
        findings.append(("maxRetries", f"{retries} is not a number from 0 to {_MOST_RETRIES}"))
    seconds = opened.get("maxLeaseTtlSeconds")
    if isinstance(seconds, int) and seconds < 1:
        findings.append(("maxLeaseTtlSeconds", f"{seconds} is not a positive number of seconds"))
    return findings


def _login(opened: Properties) -> Login | None:
    jwt, generic = opened.get("authLoginJwt"), opened.get("authLogin")
    if isinstance(jwt, Mapping):
        return Login(f"auth/{jwt.get('mount') or 'jwt'}/login", {"role": jwt["role"], "jwt": jwt["jwt"]})
    if isinstance(generic, Mapping):
        parameters = generic.get("parameters")
        return Login(str(generic["path"]), dict(parameters) if isinstance(parameters, Mapping) else {})
    return None


def _text(opened: Properties, key: str) -> str | None:
    return str(opened[key]) if opened.get(key) not in (None, "") else None
