"""A plugin's process: serve on loopback, say the port, live as long as the engine."""

from __future__ import annotations

import os
import signal
import sys
from concurrent import futures

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from idp.loopback.provider.provider import Provider
from idp.loopback.provider.service import Service
from idp.loopback.provider.servicer import Servicer

WORKERS = 32
"""Requests served at once; the engine's default parallelism is four times the processors."""
_LOOK_SECONDS = 1.0
"""Between two looks whether the engine is still there."""
LARGEST_MESSAGE = 400 * 1024 * 1024
"""Bytes; the limit of the engine itself."""


def start(provider: Provider) -> tuple[grpc.Server, int]:
    """Serve `provider` on a free port of 127.0.0.1; return the server and the port."""
    limits = [("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.max_send_message_length", LARGEST_MESSAGE)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=WORKERS), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(Service(provider)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def run(provider: Provider) -> None:
    """Be the plugin: print the port, as the engine expects, and serve until it ends this process or is gone itself."""
    engine = os.getppid()
    server, port = start(provider)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that was killed ends nobody; whoever has lost its parent gets another one.
    while os.getppid() == engine and server.wait_for_termination(_LOOK_SECONDS):
        continue
