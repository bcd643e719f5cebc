"""The loopback AWS plugin, which also writes down what it asks: a line of JSON for each call, when it is answered."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from idp.loopback.aws.aws import Aws
from idp.loopback.aws.client import Client
from idp.loopback.provider import main
from idp.loopback.provider.api import ApiError
from idp.loopback.provider.values import Properties

FILE = "IDP_BENCH_CALLS"
"""Environment variable that names the file."""

_lock = threading.Lock()
_send = Client.send


def _recorded(self: Client, service: str, operation: str, request: Properties, region: str) -> Properties:
    answer: Properties | None = None
    try:
        answer = _send(self, service, operation, request, region)
    except ApiError:
        _write({"service": service, "operation": operation, "request": request, "region": region, "answer": None})
        raise
    _write({"service": service, "operation": operation, "request": request, "region": region, "answer": answer})
    return answer


def _write(call: dict[str, object]) -> None:
    with _lock, Path(os.environ[FILE]).open("a") as file:
        file.write(json.dumps(call, default=str) + "\n")


if __name__ == "__main__":
    Client.send = _recorded  # type: ignore[method-assign]  # the one place where every call passes
    main.run(Aws())
