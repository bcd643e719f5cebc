"""Keys of those who vouch for others, and the tokens (JWT, RS256) that they sign."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

Claims = Mapping[str, Any]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _parts(header: Claims, claims: Claims) -> str:
    return ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))


class Signer:
    """Somebody with a key, published under the id `kid`."""

    def __init__(self, kid: str = "one") -> None:
        self.kid = kid
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, claims: Claims) -> str:
        said = _parts({"alg": "RS256", "typ": "JWT", "kid": self.kid}, claims)
        return f"{said}.{_encoded(self._key.sign(said.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def confused(self, claims: Claims) -> str:
        """Return a token sealed with the public key, taken for a shared secret."""
        said = _parts({"alg": "HS256", "typ": "JWT", "kid": self.kid}, claims)
        return f"{said}.{_encoded(hmac.digest(self.pem().encode(), said.encode(), hashlib.sha256))}"

    def opened(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that this key signed and that has not ended; else None."""
        try:
            said, _, seal = token.rpartition(".")
            self._key.public_key().verify(_decoded(seal), said.encode(), padding.PKCS1v15(), hashes.SHA256())
            claims: dict[str, Any] = json.loads(_decoded(said.split(".")[1]))
        except (InvalidSignature, ValueError, IndexError):
            return None
        return claims if claims["exp"] > time.time() else None

    def pem(self) -> str:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def jwks(self) -> dict[str, Any]:
        numbers = self._key.public_key().public_numbers()
        parts = {
            name: _encoded(value.to_bytes(256 if name == "n" else 3))
            for name, value in (("n", numbers.n), ("e", numbers.e))
        }
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, **parts}]}


def unsigned(claims: Claims) -> str:
    """Return a token that nobody vouches for."""
    return _parts({"alg": "none", "typ": "JWT"}, claims) + "."


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return files with a certificate for 127.0.0.1, its own authority, and with its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.IPAddress(IPv4Address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=2))
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder / "cert.pem", folder / "key.pem"
