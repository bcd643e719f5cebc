"""What stands around Vault, as small servers on 127.0.0.1: GitLab's keys, an identity provider, a TokenReview API."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from .signing import Signer

CLIENT = "vault"
CLIENT_SECRET = "canary-of-the-client"  # noqa: S105 (a value to look for)


class Neighbours:
    """GitLab, the identity provider and the cluster, each with a key of its own."""

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        self.gitlab, self.provider, self.cluster = Signer("gitlab"), Signer("provider"), Signer("cluster")
        self.people: dict[str, dict[str, Any]] = {}
        """Code of a login -> claims of who logs in."""
        self._plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._sealed = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self._sealed.socket = context.wrap_socket(self._sealed.socket, server_side=True)
        for server in (self._plain, self._sealed):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        for server in (self._plain, self._sealed):
            server.shutdown()
            server.server_close()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._plain.server_port}"

    @property
    def api(self) -> str:
        return f"https://127.0.0.1:{self._sealed.server_port}"

    def answer(self, path: str, body: str) -> dict[str, Any] | None:
        if path == "/gitlab/keys":
            return self.gitlab.jwks()
        if path == "/keys":
            return self.provider.jwks()
        if path == "/.well-known/openid-configuration":
            ends = {name: f"{self.issuer}/{name}" for name in ("authorize", "token", "keys")}
            return {
                "issuer": self.issuer,
                "authorization_endpoint": ends["authorize"],
                "token_endpoint": ends["token"],
                "jwks_uri": ends["keys"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if path == "/token":
            claims = self.people.pop(parse_qs(body)["code"][0])
            return {"access_token": "x", "token_type": "Bearer", "id_token": self.provider.sign(claims)}
        if path == "/apis/authentication.k8s.io/v1/tokenreviews":
            return self._review(json.loads(body)["spec"])
        return None

    def _review(self, spec: dict[str, Any]) -> dict[str, Any]:
        claims = self.cluster.opened(spec["token"])
        audiences = sorted(set(spec.get("audiences") or ["api"]) & set(claims["aud"] if claims else ()))
        status: dict[str, Any] = {"authenticated": False, "error": "not of this cluster"}
        if claims and audiences:
            user = {"username": claims["sub"], "uid": claims["kubernetes.io"]["serviceaccount"]["uid"]}
            status = {"authenticated": True, "user": user, "audiences": audiences}
        return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        neighbours = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say("")

            def do_POST(self) -> None:
                self._say(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

            def _say(self, body: str) -> None:
                answer = neighbours.answer(self.path, body)
                content = json.dumps(answer or {}).encode()
                self.send_response(404 if answer is None else 201 if "tokenreviews" in self.path else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                return

        return Handler
