"""A real PostgreSQL on a port of 127.0.0.1, run as nobody, and its clients' library."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from idp.toolchain import Toolchain

NOBODY = 65534
"""PostgreSQL refuses to run as root."""
_START_SECONDS = 60
_OK, _TUPLES = 0, 2
"""`CONNECTION_OK`, and `PGRES_TUPLES_OK`, of libpq."""


class Postgresql:
    """The server; its folder must be reachable for another user."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        self.folder = folder
        self.password = secrets.token_hex(16)
        tool = tools.path("postgresql")
        # The tools' cache is its owner's alone; a system's server is everybody's.
        home = tool if tool == Path("/usr") else shutil.copytree(tool, folder / "server", symlinks=True)
        self._binaries = home / "lib" / "postgresql" / "15" / "bin"
        self._libpq = ctypes.CDLL(str(tools.path("libpq")))
        for name in ("PQconnectdb", "PQexec"):
            getattr(self._libpq, name).restype = ctypes.c_void_p
        for name in ("PQgetvalue", "PQerrorMessage", "PQresultErrorMessage"):
            getattr(self._libpq, name).restype = ctypes.c_char_p

    def start(self) -> None:
        data, password = self.folder / "data", self.folder / "password"
        password.write_text(self.password)
        data.mkdir()
        for path in (data, password):
            os.chown(path, NOBODY, NOBODY)
        made = [self._binaries / "initdb", "-D", data, "-U", "postgres", "--auth=scram-sha-256", "--no-sync"]
        subprocess.run([*self._as_nobody(), *made, f"--pwfile={password}"], check=True, capture_output=True, cwd="/")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        run = [self._binaries / "postgres", "-D", data, "-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-F"]
        self.log = self.folder / "postgresql.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*self._as_nobody(), *run], stdout=log, stderr=log, cwd="/")
        for _ in range(_START_SECONDS * 10):
            assert self.process.poll() is None, self.log.read_text()
            if self.ask("postgres", self.password, "select 1") == "1":
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        # A fast end: after a polite word it would wait until the last client has gone.
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def connect(self, user: str, password: str, database: str = "postgres") -> Session:
        parts = {"host": "127.0.0.1", "port": self.port, "user": user, "password": password, "dbname": database}
        said = " ".join(f"{key}='{value}'" for key, value in parts.items())
        return Session(self._libpq, ctypes.c_void_p(self._libpq.PQconnectdb(said.encode())))

    def ask(self, user: str, password: str, statement: str) -> str:
        """Return the first value of an answer, or the reason why there is none."""
        session = self.connect(user, password)
        try:
            return session.ask(statement) if session.is_open() else session.reason()
        finally:
            session.close()

    def _as_nobody(self) -> list[str]:
        setpriv = shutil.which("setpriv")
        assert setpriv
        return [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


class Session:
    """A connection."""

    def __init__(self, libpq: ctypes.CDLL, handle: ctypes.c_void_p) -> None:
        self._libpq, self._handle = libpq, handle

    def is_open(self) -> bool:
        return int(self._libpq.PQstatus(self._handle)) == _OK

    def reason(self) -> str:
        return str(self._libpq.PQerrorMessage(self._handle).decode()).strip()

    def ask(self, statement: str) -> str:
        result = ctypes.c_void_p(self._libpq.PQexec(self._handle, statement.encode()))
        if self._libpq.PQresultStatus(result) == _TUPLES:
            answer = self._libpq.PQgetvalue(result, 0, 0)
        else:
            answer = self._libpq.PQresultErrorMessage(result)
        text = str(answer.decode()).strip()
        self._libpq.PQclear(result)
        return text

    def close(self) -> None:
        self._libpq.PQfinish(self._handle)
