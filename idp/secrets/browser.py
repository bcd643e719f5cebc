"""Logging in with a browser: the identity provider sends it back to a listener on this machine (RFC 8252)."""

from __future__ import annotations

import http.server
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from idp.errors import Exit, IdpError
from idp.session import Report

if TYPE_CHECKING:
    import hvac

MOUNT = "people"
ROLE = "people"
PORT = 8250
CALLBACK = "/oidc/callback"
"""Names and address of the layer `secrets` (components/vault/people_login.py)."""

PATIENCE = 300.0
"""Seconds for a person to log in, perhaps with a second factor; Vault itself forgets a login after ten minutes."""

_PAGE = b"You can close this page, and go on in the terminal.\n"
_IDLE = 10
_PLAIN = re.compile(r"[^\w .:,-]")

Back = dict[str, str]
"""Query with which the browser comes back."""


def token(client: hvac.Client, report: Report, port: int = PORT, patience: float = PATIENCE) -> str:
    """Return Vault's token for whoever opens the address that is reported; raises `IdpError` if nobody does in time.

    Vault's own refusals pass through as `hvac` raises them.
    """
    with _listener(port) as (address, arrived):
        # Known to this process alone: whoever sees the address can't redeem it, nor slip another login in.
        nonce = secrets.token_urlsafe(32)
        wanted = {"role": ROLE, "redirect_uri": address, "client_nonce": nonce}
        url = client.adapter.post(f"/v1/auth/{MOUNT}/oidc/auth_url", json=wanted)["data"]["auth_url"]
        if not url:
            raise IdpError(f"auth/{MOUNT}: Vault lets nobody log in with role {ROLE} from {address}")
        state = parse_qs(urlsplit(url).query)["state"][0]
        report(f"open this address in a browser on this machine: {url}")
        back = _await(arrived, state, patience)
    if "code" not in back:
        said = _PLAIN.sub("", back.get("error", "no code"))[:60]
        raise IdpError(f"login: the identity provider let nobody in ({said})")
    redeemed = {"state": state, "code": back["code"], "client_nonce": nonce}
    answer = client.adapter.get(f"/v1/auth/{MOUNT}/oidc/callback", params=redeemed)
    return str(answer["auth"]["client_token"])


@contextmanager
def _listener(port: int) -> Iterator[tuple[str, Queue[Back]]]:
    """Yield the address to come back to, and what comes back; only this machine can reach it."""
    arrived: Queue[Back] = Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = _IDLE

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path == CALLBACK:
                arrived.put({name: values[0] for name, values in parse_qs(asked.query).items()})
            self.send_response(200 if asked.path == CALLBACK else 404)
            for name, value in (("Content-Type", "text/plain"), ("Cache-Control", "no-store")):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(_PAGE)))
            self.end_headers()
            self.wfile.write(_PAGE)

        def log_message(self, *_: object) -> None:
            """Say nothing: the code of a login is in the address."""

    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise IdpError(f"127.0.0.1:{port}: {error.strerror}; the browser comes back there", Exit.MISSING) from None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}{CALLBACK}", arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _await(arrived: Queue[Back], state: str, patience: float) -> Back:
    """Return what comes back with this login's state; any page can send a browser here with another."""
    deadline = time.monotonic() + patience
    while True:
        try:
            back = arrived.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            raise IdpError(f"login: nobody came back from the browser within {patience:.0f} s") from None
        if secrets.compare_digest(back.get("state", "").encode(), state.encode()):
            return back
