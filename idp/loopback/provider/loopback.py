"""The fence: which addresses the plugin may speak to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


class ForeignAddressError(Exception):
    """An address outside this machine."""


def problem(url: str) -> str | None:
    """Return why `url` is refused; None for an http(s) URL whose host is an address of 127.0.0.0/8 or ::1.

    A name is refused too, `localhost` included: what it means is decided elsewhere.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"{_shown(url)!r} is not a URL with an address of 127.0.0.0/8 or ::1 as host"
    if parts.scheme not in ("http", "https") or parts.username is not None:
        return f"{_shown(url)!r} is not a plain http or https URL"
    if not _is_here(address):
        return f"{host} is not an address of 127.0.0.0/8 or ::1; this provider never leaves the machine"
    return None


def require(url: str) -> None:
    """Raise ForeignAddressError for a URL that `problem` refuses."""
    if (reason := problem(url)) is not None:
        raise ForeignAddressError(reason)


def _is_here(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # Written out: is_loopback has changed its mind about mapped addresses between Python versions.
    if isinstance(address, ipaddress.IPv4Address):
        return address in ipaddress.IPv4Network("127.0.0.0/8")
    return address == ipaddress.IPv6Address("::1")


def _shown(url: str) -> str:
    """Return a URL without what may be a password in it."""
    return url.rsplit("@", 1)[-1]
