"""The provider's configuration and the fence: what is refused before a single request."""

from __future__ import annotations

import datetime
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from idp.loopback.provider import loopback
from idp.loopback.provider.api import ApiError, InvalidRequestError
from idp.loopback.vault import configuration
from idp.loopback.vault.client import Client, Server, snake
from idp.loopback.vault.leftovers import leftovers
from idp.loopback.vault.tables.common import seconds

from .engine import Engine, RefusedError

ADDRESS = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    started = Engine(ADDRESS, {"token": "x"})
    yield started
    started.server.stop(1).wait()


@pytest.mark.parametrize(
    ("changes", "key", "reason"),
    [
        ({"adress": "x"}, "adress", "unknown key, did you mean 'address'?"),
        ({"namespace": "team"}, "namespace", "not supported; this provider takes address, authLogin"),
        ({"skipTlsVerify": "true"}, "skipTlsVerify", "certificates are always judged"),
        ({"maxRetries": "1000"}, "maxRetries", "not a number from 0 to 10"),
        ({"headers": "[]"}, "headers", "not supported"),
        ({"authLoginUserpass": "{}"}, "authLoginUserpass", "not supported"),
        ({"addAddressToEnv": "true"}, "addAddressToEnv", "not supported"),
        ({"address": None}, "address", "required, but missing"),
        ({"address": "https://vault.example:8200"}, "address", "127.0.0.0/8 or ::1"),
        ({"address": "http://localhost:8200"}, "address", "127.0.0.0/8 or ::1"),
        ({"address": "http://192.0.2.1:8200"}, "address", "this provider never leaves the machine"),
        ({"token": None}, "token", "exactly one of token, authLogin, authLoginJwt is needed, none is given"),
        ({"authLogin": '{"path": "auth/kubernetes/login"}'}, "token", "got token and authLogin"),
        ({"token": None, "authLogin": "{}"}, "authLogin.path", "required, but missing"),
        ({"token": None, "authLogin": '{"path": "a", "method": "aws"}'}, "authLogin.method", "not supported"),
        ({"token": None, "authLogin": '{"path": "a", "namespace": "x"}'}, "authLogin.namespace", "not supported"),
        ({"token": None, "authLoginJwt": '{"role": "x"}'}, "authLoginJwt.jwt", "no environment variable is asked"),
        ({"token": None, "authLoginJwt": '{"jwt": "x"}'}, "authLoginJwt.role", "required, but missing"),
        ({"skipChildToken": "maybe"}, "skipChildToken", "a string is not a boolean"),
        ({"maxLeaseTtlSeconds": "0"}, "maxLeaseTtlSeconds", "not a positive number"),
        ({"caCertFile": "/nonexistent.pem"}, "caCertFile", "no such file"),
    ],
)
def test_bad_configuration(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], key: str, reason: str
) -> None:
    monkeypatch.delenv("VAULT_TOKEN", raising=False)
    assert reason in engine.check_config(**changes)[key]
    with pytest.raises(RefusedError):
        engine.configure(**changes)
    with pytest.raises(RefusedError, match="not configured"):
        engine.check("vault:index/policy:Policy", {"name": "x", "policy": ""})


def test_nobody_there() -> None:
    with pytest.raises(ApiError, match="GET sys/health: ConnectionError: nobody listens") as caught:
        Client(Server(ADDRESS), "hush-hush").send("", "GET sys/health", {})
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize("address", ["https://vault.example", "http://localhost:1", "http://[::ffff:127.0.0.1]:1", ""])
def test_foreign_addresses(address: str) -> None:
    with pytest.raises(loopback.ForeignAddressError):
        Client(Server(address), "x")
    with pytest.raises(loopback.ForeignAddressError):
        leftovers(address, "x")


def test_each_request_is_looked_at_again() -> None:
    client = Client(Server(ADDRESS), "x")
    client._adapter.base_uri = "http://192.0.2.1"
    with pytest.raises(loopback.ForeignAddressError):
        client.send("", "GET sys/health", {})


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Return files with a certificate for the name `vault.internal`, its own authority, and with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vault.internal")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("vault.internal")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder / "cert.pem", folder / "key.pem"


def test_certificates_are_judged(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"https://127.0.0.1:{server.server_port}"
        with pytest.raises(ApiError, match="GET text: SSLError: the server's certificate is not trusted"):
            Client(Server(address)).send("", "GET text", {})
        with pytest.raises(ApiError, match=r"SSLError: .*IP address mismatch"):
            Client(Server(address, str(certificate))).send("", "GET text", {})
        with pytest.raises(ApiError, match="NotJson"):
            Client(Server(address, str(certificate), "vault.internal")).send("", "GET text", {})
        server.shutdown()
        thread.join()


class _Sealed(http.server.BaseHTTPRequestHandler):
    seen: list[str] = []  # noqa: RUF012 (one server, one test)

    def do_POST(self) -> None:
        self.seen.append(self.path)
        self.send_response(503 if len(self.seen) < 3 else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_a_sealed_server_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.loopback.vault.client._RETRY_SECONDS", 0.01)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Sealed) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(ApiError, match="POST a: 503: no reason given"):
            Client(Server(address, retries=1), "x").send("", "POST a", {})
        assert len(_Sealed.seen) == 2
        _Sealed.seen.clear()
        assert Client(Server(address, retries=2), "x").send("", "POST a", {}) == {}
        assert len(_Sealed.seen) == 3
        server.shutdown()
        thread.join()


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    seen: list[str] = []  # noqa: RUF012 (one server, one test)

    def do_GET(self) -> None:
        self.seen.append(self.path)
        if self.path == "/v1/text":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"no json")
            return
        self.send_response(307)
        self.send_header("Location", "/v1/moved")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def elsewhere() -> Iterator[str]:
    _Elsewhere.seen.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_redirects_are_not_followed(elsewhere: str) -> None:
    client = Client(Server(elsewhere), "x")
    with pytest.raises(ApiError, match="redirects are not followed"):
        client.send("", "GET sys/health", {})
    assert _Elsewhere.seen == ["/v1/sys/health"]
    with pytest.raises(ApiError, match="whoever answers there is no Vault server"):
        client.send("", "GET text", {})


def test_the_environment_decides_nothing(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VAULT_ADDR", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "http://192.0.2.1:1")
    monkeypatch.setenv("VAULT_TOKEN", "somebody-elses")
    with pytest.raises(ApiError, match="whoever answers there"):
        Client(Server(elsewhere)).send("", "GET text", {})


@given(st.text(st.sampled_from("ab./%?# \n"), max_size=12))
def test_a_name_in_a_path_leads_nowhere_else(name: str) -> None:
    """Whatever passes is one path below the mount, and the same after the URL was made normal."""
    client = Client(Server(ADDRESS))
    try:
        client.encode("", "GET secret/{name}", {"name": name})
    except InvalidRequestError:
        return
    parts = name.split("/")
    assert all(part not in ("", ".", "..") for part in parts)
    assert not set(name) & set("%?#\n")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("tokenMaxTtl", "token_max_ttl"),
        ("name", "name"),
        ("defaultTtl", "default_ttl"),
        ("extKeyUsageOids", "ext_key_usage_oids"),
    ],
)
def test_names(name: str, field: str) -> None:
    assert snake(name) == field


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59))
def test_durations(hours: int, minutes: int, rest: int) -> None:
    total = hours * 3600 + minutes * 60 + rest
    assert (
        seconds(f"{hours}h{minutes}m{rest}s") == seconds(str(total)) == seconds(total) == seconds(f"{total}s") == total
    )


@pytest.mark.parametrize("text", ["", "h", "1x", "1h?", "one hour"])
def test_what_is_no_duration_stays(text: str) -> None:
    assert seconds(text) == text


@pytest.mark.parametrize(
    ("credentials", "token"),
    [
        ({}, "around"),
        ({"token": ""}, "around"),
        ({"token": "given"}, "given"),
        ({"authLogin": '{"path": "auth/kubernetes/login"}'}, None),
        ({"authLoginJwt": '{"role": "x", "jwt": "y"}'}, None),
    ],
)
def test_the_surroundings_give_a_token_only_where_the_configuration_has_no_credentials(
    monkeypatch: pytest.MonkeyPatch, credentials: dict[str, Any], token: str | None
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "around\n")
    raw = {"address": ADDRESS, **credentials}
    assert configuration.check(raw) == []
    assert configuration.parse(raw).token == token
    assert "around" not in repr(configuration.parse(raw))


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_token_is_none(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    monkeypatch.setenv("VAULT_TOKEN", empty)
    [(key, reason)] = configuration.check({"address": ADDRESS})
    assert (key, "VAULT_TOKEN is not set" in reason) == ("token", True)
