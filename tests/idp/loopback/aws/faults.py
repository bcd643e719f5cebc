"""Credentials that expire in the middle: a proxy before the emulator that lets so many changes pass and no more."""

from __future__ import annotations

import http.client
import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from idp.loopback.aws.recorder import wire
from idp.loopback.provider import loopback

HOST = "127.0.0.1"
_READING = re.compile(r"Describe|Get|List|Head|BatchGet|Lookup|Search|Simulate")
"""How operations begin that change nothing."""
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
"""Headers that are the connection's, not the answer's."""
_SECONDS = 60.0


@dataclass(frozen=True)
class Expired:
    """How a service says that a session's credentials have expired."""

    code: str
    message: str
    status: int


_QUERY = Expired("ExpiredToken", "The security token included in the request is expired", 403)
_JSON = Expired("ExpiredTokenException", "The security token included in the request is expired", 400)
EXPIRED = {
    # docs.aws.amazon.com: Amazon EC2 API reference, error codes; S3 API reference, error responses; the others by
    # the common errors of their protocol.
    "ec2": Expired("RequestExpired", "Request has expired.", 400),
    "s3": Expired("ExpiredToken", "The provided token has expired.", 400),
    "iam": _QUERY,
    "sts": _QUERY,
    "route53": _QUERY,
    "eks": Expired("ExpiredTokenException", "The security token included in the request is expired", 403),
    "acm": _JSON,
    "ecr": _JSON,
    "kms": _JSON,
    "logs": _JSON,
}


class Faults:
    """A proxy at `endpoint`; passes everything on until `expire`, and again after `heal`."""

    def __init__(self, upstream: str) -> None:
        loopback.require(upstream)
        self.upstream = urlsplit(upstream)
        self.changes: list[str] = []
        """Operations that change something and were passed on, as `SERVICE OPERATION`."""
        self.refused: list[str] = []
        """The same, refused since `expire`."""
        self._left: int | None = None
        self._lock = threading.Lock()
        methods = {f"do_{method}": _Handler.serve for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}
        self._server = ThreadingHTTPServer((HOST, 0), type("Bound", (_Handler,), {"faults": self, **methods}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        """URL for all services."""
        return f"http://{HOST}:{self._server.server_port}"

    def expire(self, after: int = 0) -> None:
        """Let `after` requests that change something pass from now on, and refuse all such that follow."""
        with self._lock:
            self._left = after
            self.refused = []

    def heal(self) -> None:
        """Pass everything on."""
        with self._lock:
            self._left = None

    def refuses(self, service: str, operation: str) -> bool:
        """Count a request that changes something; return whether it is refused."""
        with self._lock:
            refused = self._left == 0
            if self._left:
                self._left -= 1
            (self.refused if refused else self.changes).append(f"{service} {operation}")
            return refused

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def operation(service: str, method: str, path: str, target: str, body: bytes) -> str:
    """Return what a request is for: the operation's name, or method and path where the protocol has no other."""
    match wire.model(service).metadata["protocol"]:
        case "json":
            return target.rpartition(".")[2]
        case "ec2" | "query":
            return dict(parse_qsl(body.decode())).get("Action", "")
    return f"{method} {path.partition('?')[0]}"


def changes_something(name: str) -> bool:
    """Return whether an operation, as `operation` names it, changes something."""
    return not (name.startswith(("GET ", "HEAD ")) or _READING.match(name))


def error(service: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the error, in the service's protocol."""
    expired = EXPIRED[service]
    code, message = expired.code, expired.message
    inner = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    match wire.model(service).metadata["protocol"]:
        case "ec2":
            kind, text = "text/xml", f"<Response><Errors>{inner}</Errors><RequestID>1</RequestID></Response>"
        case "rest-xml" if service == "s3":
            kind, text = "application/xml", inner
        case "query" | "rest-xml":
            kind, text = "text/xml", f"<ErrorResponse>{inner}<RequestId>1</RequestId></ErrorResponse>"
        case _:
            kind, text = "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message})
    return expired.status, {"Content-Type": kind, "x-amzn-errortype": code}, text.encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: Faults

    def serve(self) -> None:
        """Pass a request on, or refuse it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        signer = wire.signer(self.headers.get("Authorization", ""))
        if signer is not None and signer.service in EXPIRED:
            target = self.headers.get("X-Amz-Target", "")
            name = operation(signer.service, self.command, self.path, target, body)
            if changes_something(name) and self.faults.refuses(signer.service, name):
                self._answer(*error(signer.service))
                return
        self._pass(body)

    def _pass(self, body: bytes) -> None:
        upstream = self.faults.upstream
        connection = http.client.HTTPConnection(str(upstream.hostname), upstream.port, timeout=_SECONDS)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            self._answer(answer.status, kept, answer.read())
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
