"""The forwarder by itself: what goes in at one end comes out at the other, for many at once."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import Tool

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


@pytest.fixture
def echo() -> Iterator[int]:
    """Serve a server that answers only after the client has said all: takes a half-closed connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:

        def answer(connection: socket.socket) -> None:
            with connection:
                received = bytearray()
                while chunk := connection.recv(65536):
                    received += chunk
                connection.sendall(received[::-1])

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.fixture
def forwarded(tool: Tool, echo: int) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [tool("forward"), f"{listener.fileno()}=127.0.0.1:{echo}"],
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
        )
    yield port
    process.terminate()
    assert process.wait(5) == 0


def exchange(port: int, message: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)
        received = bytearray()
        while chunk := connection.recv(65536):
            received += chunk
        return bytes(received)


def test_many_connections_at_once_each_get_their_own_answer(forwarded: int) -> None:
    messages = [b"", b"x", *(os.urandom(size) for size in range(1, 200_000, 4001)), os.urandom(3_000_000)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda message: exchange(forwarded, message), messages))
    assert answers == [message[::-1] for message in messages]


@pytest.mark.parametrize("argument", ["", "x=1.2.3.4:5", "3", "3=nowhere", "77=127.0.0.1:1", "-1=127.0.0.1:1"])
def test_wrong_call_is_one_line(tool: Tool, argument: str) -> None:
    answer = subprocess.run([tool("forward"), argument], capture_output=True, text=True, check=False, timeout=10)
    assert answer.returncode != 0
    assert len(answer.stderr.strip().splitlines()) == 1


def test_target_that_is_gone_closes_the_connection(tool: Tool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        target = gone.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [tool("forward"), f"{listener.fileno()}=127.0.0.1:{target}"],
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
        )
    try:
        assert exchange(port, b"") == b""
    finally:
        process.kill()
        process.wait(5)
