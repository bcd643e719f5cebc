"""The recorder in front of moto, as WSGI applications in one process."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from idp.loopback.aws.recorder import COMPLEMENTS, HANDLERS, repairs, wire
from idp.loopback.aws.recorder.message import Complement, Members, RefusedError, Request, Scope
from idp.loopback.aws.recorder.paths import REGIONS_PATH

Environment = dict[str, Any]
Start = Callable[..., Any]
"""`start_response` of WSGI."""

SERVICES = frozenset(service for service, _ in (*HANDLERS, *COMPLEMENTS))
_ACCOUNT_HEADER = "HTTP_X_MOTO_ACCOUNT_ID"
_LARGEST_BODY = 16 * 1024 * 1024
"""Bytes; requests of the recorded services are far smaller."""


class Application:
    """Answers what the recorder knows, and hands everything else to moto.

    `account` is whose account all requests are in; by default it is what moto makes of the access key.
    """

    def __init__(self, account: str | None = None) -> None:
        repairs.apply()
        self._account = account
        self._seen: set[str] = set()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._scopes: dict[tuple[str, str], Scope] = {}
        self._lock = threading.RLock()

    def __call__(self, environ: Environment, start: Start) -> Iterable[bytes]:
        """Serve one request."""
        if environ.get("PATH_INFO") == REGIONS_PATH:
            return _send(start, 200, "application/json", json.dumps(sorted(self._seen)).encode())
        signer = wire.signer(environ.get("HTTP_AUTHORIZATION", ""))
        if self._account is not None:
            environ.setdefault(_ACCOUNT_HEADER, self._account)
        if signer is not None:
            self._seen.add(signer.region)
        if signer is None or signer.service not in SERVICES:
            return self._pass(environ, start)
        body = _body(environ)
        url = environ.get("REQUEST_URI") or environ.get("PATH_INFO", "")
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        name = wire.operation(signer.service, environ["REQUEST_METHOD"], url, target, body)
        handler = HANDLERS.get((signer.service, name or ""))
        complement = COMPLEMENTS.get((signer.service, name or ""))
        if name is None or (handler is None and complement is None):
            return self._pass(environ, start)
        # One at a time: the handlers read and change records, and moto's objects, in several steps.
        with self._lock:
            try:
                members = wire.members(signer.service, name, url, body)
                account = environ.get(_ACCOUNT_HEADER) or get_account_id_from(signer.access_key)
                request = Request(signer.service, name, members, self._scope(account, signer.region))
                if complement is not None:
                    return self._complemented(environ, start, request, complement)
                content = handler(request) if handler else None
            except RefusedError as refused:
                return _send(start, refused.status, *wire.error(signer.service, refused), refused.code)
        if content is None:
            return self._pass(environ, start)
        return _send(start, 200, *wire.answer(signer.service, name, content))

    def _pass(self, environ: Environment, start: Start) -> Iterable[bytes]:
        served: Iterable[bytes] = self._moto(environ, start)
        return served

    def _scope(self, account: str, region: str) -> Scope:
        return self._scopes.setdefault((account, region), Scope(account, region))

    def _complemented(
        self, environ: Environment, start: Start, request: Request, complement: Complement
    ) -> Iterable[bytes]:
        status, headers = "500", [("Content-Type", "text/plain")]

        def keep(told: str, listed: list[tuple[str, str]], *_: object) -> None:
            nonlocal status, headers
            status, headers = told, listed

        content = b"".join(self._pass(environ, keep))
        if status.startswith("2"):
            answer: Members = json.loads(content or b"{}")
            complement(request, answer)
            content = json.dumps(answer).encode()
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start(status, [*kept, ("Content-Length", str(len(content)))])
        return [content]


def _body(environ: Environment) -> bytes:
    """Return the body, which whoever reads next finds again."""
    size = min(int(environ.get("CONTENT_LENGTH") or 0), _LARGEST_BODY)
    body: bytes = environ["wsgi.input"].read(size)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _send(start: Start, status: int, kind: str, body: bytes, code: str = "") -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    if code:
        headers.append(("x-amzn-errortype", code))
    start(f"{status} {'OK' if status < 400 else 'Refused'}", headers)
    return [body]
