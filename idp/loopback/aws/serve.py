"""The emulator's process: moto and the recorder on a socket that was opened by who started it."""

from __future__ import annotations

import argparse
import signal
import sys

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from idp.loopback.aws.recorder.app import Application

HOST = "127.0.0.1"


class QuietHandler(MotoRequestHandler):
    """moto's own, without a line for each request: request lines may name things that are nobody's business."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main() -> None:
    """Serve until SIGTERM. The state is this process's memory."""
    parser = argparse.ArgumentParser(description="AWS on this machine: moto, and a recorder for what it lacks")
    parser.add_argument("--descriptor", type=int, required=True, help="a bound and listening socket of 127.0.0.1")
    parser.add_argument("--account", default=None, help="the account that all requests are in")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    application = Application(arguments.account)
    server = make_server(HOST, 0, application, threaded=True, request_handler=QuietHandler, fd=arguments.descriptor)
    server.serve_forever()


if __name__ == "__main__":
    main()
