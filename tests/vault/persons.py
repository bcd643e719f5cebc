"""Somebody who runs `idp secrets` on a machine of their own, against the real server; a spy sees what others could."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import requests

from . import world
from .identities import MAINTAINER, MINUTE, pod
from .neighbours import CLIENT
from .server import VaultServer

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120

KUBECTL = """#!/bin/sh
# The API server, as far as a login needs it: tokens of one account, in the one namespace where this person may.
{ tr '\\0' ' ' < /proc/$$/cmdline; echo; tr '\\0' '\\n' < /proc/$$/environ; } >> "$SPIED"
case "$*" in
*"--namespace=$MAY create token vault-maintainer --audience=vault --duration=600s") cat "$JWT" ;;
*) echo 'error: failed to create token: serviceaccounts "vault-maintainer" is forbidden' >&2; exit 1 ;;
esac
"""

PROGRAM = """
import sys
from pathlib import Path

from environments import loading
from idp import __main__ as program
from idp import paths, session

folder = Path(sys.argv.pop(1))
paths.WORK, paths.LOGS, paths.PULUMI_HOMES = folder / "idp", folder / "idp/logs", folder / "idp/pulumi"
real = session.settings
session.settings = lambda environment, _tools: real(environment, folder / "bin")
session.load = lambda name: loading.load(name, folder)
program.main()
"""
"""The command, whose environments, working files and kubectl are in another folder."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str
    seen: str = field(repr=False, default="")
    """Command lines and environments of it and its children, as any process of the same user can read them."""

    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error ")]


class Person:
    """A person with an environment's file and a kubeconfig; maintainer of `may` to the cluster."""

    def __init__(self, folder: Path, server: VaultServer, may: str, *, people: bool) -> None:
        self.folder, self.server, self._people = folder, server, people
        (folder / "jwt").write_text(server.neighbours.cluster.sign(pod(may, MAINTAINER)))
        (folder / "kubeconfig").write_text("{}")
        (folder / "bin").mkdir()
        (folder / "bin/kubectl").write_text(KUBECTL)
        (folder / "bin/kubectl").chmod(0o755)
        self.spied = folder / "spied"
        self.variables = {"SPIED": str(self.spied), "MAY": may, "JWT": str(folder / "jwt")}
        self.describe(server.address, str(server.certificate))

    def describe(self, address: str, ca_file: str) -> None:
        """Say where Vault is."""
        kubeconfig = str(self.folder / "kubeconfig")
        text = world.text(address, ca_file, world.TEAMS[:2], people=self._people, kubeconfig=kubeconfig)
        (self.folder / f"{world.NAME}.yaml").write_text(text)

    def begin(self, command: str, *arguments: str, **more: Any) -> subprocess.Popen[str]:  # noqa: ANN401
        around = {
            name: os.environ[name] for name in ("HOME", "PATH", "IDP_CACHE", "XDG_CACHE_HOME") if name in os.environ
        }
        line = [sys.executable, "-c", PROGRAM, str(self.folder), "secrets", command, world.NAME, *arguments]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(
            line,
            cwd=ROOT,
            env={**around, "COLUMNS": "200", "NO_COLOR": "1", **self.variables},
            text=True,
            **{**pipes, **more},
        )

    def __call__(
        self, command: str, *arguments: str, stdin: str = "", meanwhile: Callable[[], None] = lambda: None
    ) -> Ran:
        """Run a command to its end; `meanwhile` is done once somebody has logged in and it reads standard input."""
        process = self.begin(command, *arguments)
        with _spied(process.pid) as seen:
            meanwhile()
            out, err = process.communicate(stdin, timeout=SECONDS)
        kubectl = self.spied.read_text() if self.spied.exists() else ""
        return Ran(process.returncode, out, err, "\n".join(seen) + kubectl)

    def browsing(self, command: str, *arguments: str, groups: list[str], error: str = "", stdin: str = "") -> Ran:
        """Run a command, and log in with the browser that it asks for, as somebody of these groups."""
        process = self.begin(command, *arguments)
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r"(http\S+)$", line.strip()):
                self._browse(found[1], groups, error)
                break
        out, err = process.communicate(stdin, timeout=SECONDS)
        return Ran(process.returncode, out, said + err)

    def _browse(self, url: str, groups: list[str], error: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = query["redirect_uri"].replace("localhost", "127.0.0.1")
        session = requests.Session()
        session.trust_env = False
        # Another page of the same browser: its login is not this one.
        session.get(back, params={"state": "another", "code": "of-a-thief"}, timeout=10)
        now = int(time.time())
        claims = {"iss": self.server.neighbours.issuer, "aud": CLIENT, "sub": "somebody", "nonce": query["nonce"]}
        self.server.neighbours.people["theirs"] = {**claims, "iat": now, "exp": now + MINUTE, "groups": groups}
        answer = {"error": error} if error else {"code": "theirs"}
        page = session.get(back, params={"state": query["state"], **answer}, timeout=10)
        assert page.headers["Cache-Control"] == "no-store"
        assert query["state"] not in page.text

    def typing(self, value: str, command: str, *arguments: str) -> Ran:
        """Run a command at a terminal of its own, and type a value whenever it asks for one."""
        master, slave = pty.openpty()
        process = self.begin(command, *arguments, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        shown, asked = "", 0
        with _spied(process.pid) as seen:
            # A terminal whose other end is gone is an error to read on Linux.
            with suppress(OSError):
                while chunk := os.read(master, 4096):
                    shown += chunk.decode()
                    while shown.count(": ", shown.rfind("\n") + 1) and shown.rstrip().endswith(":") and asked < 2:
                        asked += 1
                        time.sleep(0.3)
                        os.write(master, f"{value}\n".encode())
                        shown += "\n"
            process.wait(SECONDS)
        os.close(master)
        kubectl = self.spied.read_text() if self.spied.exists() else ""
        return Ran(process.returncode, shown, "", "\n".join(seen) + kubectl)

    def left(self) -> str:
        """Return all that lies in the person's folder, but for what they were given."""
        files = [path for path in (self.folder / "idp").rglob("*") if path.is_file()]
        return "\n".join(path.read_text(errors="replace") for path in files)

    def json(self, *arguments: str) -> dict[str, Any]:
        ran = self(*arguments, "--json")
        assert ran.code == 0, ran
        found: dict[str, Any] = json.loads(ran.out)
        return found


class _spied:  # noqa: N801 (reads as a block's word)
    """Looks at a process and its children again and again while the block runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._seen: set[str] = set()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> set[str]:
        self._thread.start()
        return self._seen

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            with suppress(psutil.Error):
                root = psutil.Process(self._pid)
                for process in (root, *root.children(recursive=True)):
                    self._seen.add(" ".join(process.cmdline()) + str(process.environ()))
