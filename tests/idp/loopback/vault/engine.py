"""The engine's side of the protocol, for this plugin."""

from __future__ import annotations

from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from idp.loopback.provider import main
from idp.loopback.provider.values import pack
from idp.loopback.vault.vault import Vault

from ..aws import engine
from ..aws.engine import Properties, RefusedError, Resource, urn

__all__ = ["Engine", "Properties", "RefusedError", "Resource", "urn"]


class Engine(engine.Engine):
    def __post_init__(self) -> None:
        self.server, port = main.start(Vault())
        self.stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        self.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))

    def configuration(self, **changes: Any) -> Properties:  # noqa: ANN401
        merged = {"address": self.endpoint, "skipChildToken": "true", **self.config, **changes}
        return {key: value for key, value in merged.items() if value is not None}

    def configure(self, **changes: Any) -> None:  # noqa: ANN401
        args = pack(self.configuration(**changes), frozenset({"token"}))
        self.call("Configure", provider_pb2.ConfigureRequest(args=args, acceptSecrets=True))
