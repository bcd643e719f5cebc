"""The pack as a process: the engine's protocol over gRPC, without the policy SDK.

The SDK turns the properties of a resource into Python for every policy of a pack, in the remediation that nothing here
does as well as in the analysis (docs/decisions/0005-own-analyzer.md).
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from concurrent import futures
from typing import TypeVar

import grpc
from google.protobuf import empty_pb2, message
from pulumi.runtime.proto import analyzer_pb2, plugin_pb2

from policies.analyzer import Analyzer
from policies.catalogue import load
from policies.run import of_environment

Request = TypeVar("Request", bound=message.Message)

SERVICE = "pulumirpc.Analyzer"
WORKERS = 4
"""Requests served at once, as in the policy SDK; the engine sends those about resources one after the other."""
LARGEST_MESSAGE = 400 * 1024 * 1024
"""Bytes; the limit of the engine itself."""
_LOOK_SECONDS = 1.0
"""Between two looks whether the language host is still there."""


def serve() -> None:
    """Serve all rules, enforced as the environment's file says: it is read when the engine has named the stack."""
    catalogue = load()
    run(Analyzer(catalogue, of_environment({rule.id for rule in catalogue.rules})))


def run(analyzer: Analyzer) -> None:
    """Serve until the process is ended or has lost its parent; the port is the first line of the output."""
    parent = os.getppid()
    gc.freeze()
    gc.enable()
    server, port = start(analyzer)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that was killed ends nobody; whoever has lost its parent gets another one.
    while os.getppid() == parent and server.wait_for_termination(_LOOK_SECONDS):
        continue


def start(analyzer: Analyzer) -> tuple[grpc.Server, int]:
    """Serve `analyzer` on a free port of 127.0.0.1; return the server and the port."""
    limits = [("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.max_send_message_length", LARGEST_MESSAGE)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=WORKERS), options=limits)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, _methods(analyzer)),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _methods(analyzer: Analyzer) -> dict[str, grpc.RpcMethodHandler[bytes, bytes]]:
    """Return the methods of pulumi/analyzer.proto; gRPC answers "unimplemented" for those that it gains."""
    empty = empty_pb2.Empty
    return {
        "Handshake": _method(analyzer_pb2.AnalyzerHandshakeRequest, lambda _: analyzer_pb2.AnalyzerHandshakeResponse()),
        "ConfigureStack": _method(
            analyzer_pb2.AnalyzerStackConfigureRequest,
            lambda request: _after(analyzer.configure_stack, request, analyzer_pb2.AnalyzerStackConfigureResponse()),
            tells=True,
        ),
        "GetAnalyzerInfo": _method(empty, lambda _: analyzer.info()),
        "GetPluginInfo": _method(empty, lambda _: plugin_pb2.PluginInfo()),
        "Configure": _method(
            analyzer_pb2.ConfigureAnalyzerRequest,
            lambda request: _after(analyzer.configure, request, empty()),
            tells=True,
        ),
        "Analyze": _method(analyzer_pb2.AnalyzeRequest, analyzer.analyze),
        "AnalyzeStack": _method(analyzer_pb2.AnalyzeStackRequest, analyzer.analyze_stack),
        "Remediate": _NOTHING,
        "Cancel": _method(empty, lambda _: empty()),
    }


# Asked before each Analyze with the same properties: neither read nor answered with more than an empty message.
_NOTHING = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")


def _after(act: Callable[[Request], None], request: Request, response: message.Message) -> message.Message:
    act(request)
    return response


def _method(
    kind: type[Request], answer: Callable[[Request], message.Message], *, tells: bool = False
) -> grpc.RpcMethodHandler[bytes, bytes]:
    """Return a method whose errors end the engine's command, not the pack.

    Their text goes to the engine only where it `tells`: elsewhere it could quote a secret.
    """

    def call(sent: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return answer(kind.FromString(sent)).SerializeToString()
        except message.DecodeError:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"the request is no {kind.DESCRIPTOR.name}")
        except Exception as error:
            context.abort(grpc.StatusCode.INTERNAL, str(error) if tells else f"the pack failed: {type(error).__name__}")
        raise AssertionError("abort raises")

    return grpc.unary_unary_rpc_method_handler(call)
