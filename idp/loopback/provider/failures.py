"""One clear line for whatever goes wrong: the type, the resource's name, the operation, the code, the message.

Of a function: its name, the operation, the code, the message.
"""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2, message
from pulumi.runtime.proto import provider_pb2, status_pb2

from idp.loopback.provider.api import ApiError, InvalidRequestError
from idp.loopback.provider.lifecycle import NotReadyError
from idp.loopback.provider.names import name_of, type_of
from idp.loopback.provider.provider import ConfigurationError
from idp.loopback.provider.schema import UnknownTypeError
from idp.loopback.provider.values import UnsupportedValueError

_EXPECTED = (ApiError, InvalidRequestError, NotReadyError, ConfigurationError, UnknownTypeError, UnsupportedValueError)
_SHORTEST_SECRET = 4
"""Characters: shorter ones would blot out half of any message, and are no secrets."""


class Refusal(Exception):  # noqa: N818 (it is the answer, not a fault)
    """The answer to the engine is this line; `detail` tells it that a resource was made all the same."""

    def __init__(self, line: str, detail: provider_pb2.ErrorResourceInitFailed | None = None) -> None:
        super().__init__(line)
        self.detail = detail


@dataclass(frozen=True)
class Failure:
    """The engine's view of it."""

    code: grpc.StatusCode
    line: str
    detail: bytes | None
    """A packed `google.rpc.Status`, when a resource was made all the same."""


def cleaned(line: str, secrets: set[str]) -> str:
    """Return a line without any of the secrets in it."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            line = line.replace(secret, "[secret]")
    return " ".join(line.split())


def _about(request: message.Message) -> str:
    token: str = getattr(request, "tok", "")
    urn: str = getattr(request, "urn", "")
    if token:
        return f"{token}: "
    return " ".join(f"{type_of(urn)} {name_of(urn)}".split()) + ": " if urn.count("::") > 2 else ""


def explained(request: message.Message, error: Exception, secrets: set[str]) -> Failure:
    """Return what the engine is told of an exception, free of secrets."""
    expected = isinstance(error, (Refusal, *_EXPECTED))
    line = str(error) if expected else f"fault in the plugin: {error!r}"
    # Type and name are the engine's own words; a secret that is a common word must not blot them out.
    line = f"{_about(request)}{cleaned(line, secrets)}"
    code = grpc.StatusCode.UNKNOWN if expected else grpc.StatusCode.INTERNAL
    detail = error.detail if isinstance(error, Refusal) else None
    return Failure(code, line, None if detail is None else _packed(code, line, detail))


def _packed(code: grpc.StatusCode, line: str, detail: provider_pb2.ErrorResourceInitFailed) -> bytes:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(code=code.value[0], message=line, details=[packed])
    content: bytes = status.SerializeToString()
    return content
