"""A `Service` behind gRPC: the protocol's names, and errors as the engine wants them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import grpc
from google.protobuf import message
from pulumi.runtime.proto import provider_pb2_grpc

from idp.loopback.provider.failures import explained
from idp.loopback.provider.service import Service

Request = TypeVar("Request", bound=message.Message)
Response = TypeVar("Response", bound=message.Message)

_DETAIL = "grpc-status-details-bin"
"""Where gRPC carries a packed status."""


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Every other method of the protocol answers "unimplemented", as its base class does."""

    def __init__(self, service: Service) -> None:
        methods: dict[str, Callable[..., message.Message]] = {
            "Handshake": service.handshake,
            "GetPluginInfo": service.plugin_info,
            "Cancel": service.cancel,
            "CheckConfig": service.check_config,
            "DiffConfig": service.diff_config,
            "Configure": service.configure,
            "Invoke": service.invoke,
            "Check": service.check,
            "Diff": service.diff,
            "Create": service.create,
            "Read": service.read,
            "Update": service.update,
            "Delete": service.delete,
        }
        for name, method in methods.items():
            setattr(self, name, _answered(service, method))


def _answered(
    service: Service, method: Callable[[Request], Response]
) -> Callable[[Request, grpc.ServicerContext], Response]:
    def call(request: Request, context: grpc.ServicerContext) -> Response:
        try:
            return method(request)
        # Whatever it is, the engine must hear of it with the resource's name, and without secrets.
        except Exception as error:
            failure = explained(request, error, service.secrets)
        if failure.detail is not None:
            context.set_trailing_metadata(((_DETAIL, failure.detail),))
        context.abort(failure.code, failure.line)
        raise AssertionError(failure.line)

    return call
