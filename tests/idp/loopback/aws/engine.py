"""The engine's side of the protocol, over real gRPC."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from idp.loopback.aws.aws import Aws
from idp.loopback.provider import main
from idp.loopback.provider.values import pack, unpack

REGION = "eu-central-1"
SERVICES = ("ec2", "cloudwatchlogs", "iam", "kms", "eks", "ecr", "route53", "acm", "s3", "sts")
SECRET_KEY = "the-secret-key-of-the-tests"  # noqa: S105 (moto takes any)
SEED = b"seed"

Properties = dict[str, Any]


class RefusedError(Exception):
    """The plugin's error: its line, and the resource it left behind."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.code = error.code()
        self.made: provider_pb2.ErrorResourceInitFailed | None = None
        metadata: Any = error.trailing_metadata() or ()
        for key, value in metadata:
            if key == "grpc-status-details-bin":
                status = status_pb2.Status.FromString(value)
                self.made = provider_pb2.ErrorResourceInitFailed()
                status.details[0].Unpack(self.made)


@dataclass
class Diff:
    paths: dict[str, str]
    replaces: list[str]
    delete_first: bool

    def __bool__(self) -> bool:
        return bool(self.paths)


@dataclass
class Resource:
    """A resource as the engine keeps it."""

    token: str
    id: str
    inputs: Properties
    outputs: Properties
    name: str = "thing"


@dataclass
class Engine:
    endpoint: str
    config: Properties = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server, port = main.start(Aws())
        self.stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        self.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))

    def configuration(self, **changes: Any) -> Properties:  # noqa: ANN401
        base = {
            "region": REGION,
            "accessKey": "loopback",
            "secretKey": SECRET_KEY,
            "endpoints": json.dumps([dict.fromkeys(SERVICES, self.endpoint)]),
            "skipMetadataApiCheck": "true",
        }
        merged = {**base, **changes}
        return {key: value for key, value in merged.items() if value is not None}

    def configure(self, **changes: Any) -> None:  # noqa: ANN401
        args = pack(self.configuration(**changes), frozenset({"secretKey"}))
        self.call("Configure", provider_pb2.ConfigureRequest(args=args, acceptSecrets=True))

    def check_config(self, **changes: Any) -> dict[str, str]:  # noqa: ANN401
        request = provider_pb2.CheckRequest(urn=urn("pulumi:providers:aws", "aws"))
        request.news.CopyFrom(pack(self.configuration(**changes)))
        return {item.property: item.reason for item in self.call("CheckConfig", request).failures}

    def call(self, method: str, request: Any) -> Any:  # noqa: ANN401
        try:
            return getattr(self.stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            raise RefusedError(error) from None

    def check(
        self,
        token: str,
        inputs: Properties,
        old: Properties | None = None,
        name: str = "thing",
        **more: Any,  # noqa: ANN401
    ) -> tuple[Properties, list[str]]:
        """Return the checked inputs and the failures, as lines."""
        request = provider_pb2.CheckRequest(urn=urn(token, name), news=pack(inputs), randomSeed=SEED, **more)
        if old is not None:
            request.olds.CopyFrom(pack(old))
        answer = self.call("Check", request)
        lines = [f"{item.property}: {item.reason}" for item in answer.failures]
        return unpack(answer.inputs).properties, lines

    def diff(self, resource: Resource, inputs: Properties) -> Diff:
        answer = self.call(
            "Diff",
            provider_pb2.DiffRequest(
                id=resource.id,
                urn=urn(resource.token, resource.name),
                olds=pack(resource.outputs),
                old_inputs=pack(resource.inputs),
                news=pack(inputs),
            ),
        )
        names = provider_pb2.PropertyDiff.Kind.Name
        paths = {path: names(item.kind) for path, item in answer.detailedDiff.items()}
        assert bool(paths) == (answer.changes == provider_pb2.DiffResponse.DIFF_SOME)
        return Diff(paths, list(answer.replaces), answer.deleteBeforeReplace)

    def create(self, token: str, inputs: Properties, name: str = "thing") -> Resource:
        checked, failures = self.check(token, inputs, name=name)
        if failures:
            raise AssertionError(failures)
        answer = self.call("Create", provider_pb2.CreateRequest(urn=urn(token, name), properties=pack(checked)))
        assert answer.id
        return Resource(token, answer.id, checked, unpack(answer.properties).properties, name)

    def preview(self, token: str, inputs: Properties) -> Properties:
        request = provider_pb2.CreateRequest(urn=urn(token, "thing"), properties=pack(inputs), preview=True)
        return unpack(self.call("Create", request).properties).properties

    def update(self, resource: Resource, inputs: Properties) -> Resource:
        checked, failures = self.check(resource.token, inputs, resource.inputs, resource.name)
        if failures:
            raise AssertionError(failures)
        return self.update_checked(resource, checked)

    def update_checked(self, resource: Resource, checked: Properties) -> Resource:
        answer = self.call(
            "Update",
            provider_pb2.UpdateRequest(
                id=resource.id,
                urn=urn(resource.token, resource.name),
                olds=pack(resource.outputs),
                old_inputs=pack(resource.inputs),
                news=pack(checked),
            ),
        )
        return Resource(resource.token, resource.id, checked, unpack(answer.properties).properties, resource.name)

    def refresh(self, resource: Resource) -> Resource | None:
        return self._read(resource, pack(resource.outputs), pack(resource.inputs))

    def import_(self, token: str, identity: str) -> Resource | None:
        return self._read(Resource(token, identity, {}, {}), None, None)

    def _read(self, resource: Resource, outputs: Any, inputs: Any) -> Resource | None:  # noqa: ANN401
        request = provider_pb2.ReadRequest(
            id=resource.id, urn=urn(resource.token, resource.name), properties=outputs, inputs=inputs
        )
        answer = self.call("Read", request)
        if not answer.id:
            return None
        told = unpack(answer.properties).properties
        return Resource(resource.token, answer.id, unpack(answer.inputs).properties, told, resource.name)

    def invoke(self, token: str, arguments: Properties) -> Properties:
        request = provider_pb2.InvokeRequest(tok=token, args=pack(arguments))
        # The field is called `return`, which Python does not let anybody write.
        return unpack(getattr(self.call("Invoke", request), "return")).properties

    def delete(self, resource: Resource) -> None:
        request = provider_pb2.DeleteRequest(
            id=resource.id,
            urn=urn(resource.token, resource.name),
            properties=pack(resource.outputs),
            old_inputs=pack(resource.inputs),
        )
        assert isinstance(self.call("Delete", request), empty_pb2.Empty)


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:stack::project::idp:index:Parent${token}::{name}"
