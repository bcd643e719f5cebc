"""The local cluster as one thing: start, stop, status."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from idp import lock
from idp.errors import Exit, IdpError
from idp.loopback.cluster import certificates, daemon, halt, kubeconfig, namespace, ports, preconditions
from idp.loopback.cluster import components as parts
from idp.loopback.cluster.images import Contents
from idp.loopback.cluster.layout import Layout
from idp.loopback.cluster.network import API_FORWARD, Forward
from idp.loopback.cluster.starter import Starter, problems
from idp.loopback.cluster.status import ComponentStatus, Status

Report = Callable[[str], None]

LOCK_SECONDS = 180.0
"""How long to wait for another start or stop of the same cluster: longer than either takes."""


class LocalCluster:
    """A one-node Kubernetes cluster whose files are below `home`.

    `tool` gives the path of a binary by name (`cni-plugins`: a folder), as `Toolchain.path` does. `forwards` are
    further ways in, beside the API server's own; `api_port` asks for a port, else a free one is chosen and kept.
    `images` are put into containerd beside the cluster's own; `tool` must know what they are made of.
    """

    def __init__(
        self,
        home: Path,
        tool: Callable[[str], Path],
        forwards: Iterable[Forward] = (),
        api_port: int | None = None,
        images: Iterable[Contents] = (),
    ) -> None:
        api = Forward(API_FORWARD.name, API_FORWARD.target, api_port)
        self._layout = Layout.of(home)
        self._tool = tool
        self._forwards = (api, *forwards)
        self._images = tuple(images)

    def check(self) -> None:
        """Raise IdpError (MISSING, INVALID) for what would keep `start` from beginning; creates nothing."""
        self._starter(lambda _line: None).check()

    def start(self, report: Report, answers: Callable[[], None] = lambda: None) -> Status:
        """Start what does not run, leave alone what runs as described, and wait until all is ready.

        `answers` is called as soon as the API server is ready, before there is a node.
        May be repeated and interrupted at any point. Raises IdpError: MISSING for what the machine lacks (nothing
        was created), BUSY if somebody else starts or stops it, FAILED with component, reason and log.
        """
        starter = self._starter(report)
        starter.check()
        begin = time.monotonic()
        with lock.hold(self._layout.lock, "idp local start", LOCK_SECONDS, report):
            _without_traceback(lambda: starter.run(answers), self._layout)
        report(f"cluster ready after {time.monotonic() - begin:.1f} s: {kubeconfig.server(starter.api_port)}")
        return self.status()

    def stop(self, report: Report, *, purge: bool = False) -> None:
        """End and remove everything but data and logs, with `purge` those too.

        Raises IdpError naming what stayed; BUSY as start does; INVALID if `purge` meets a folder that is
        not a cluster's home.
        """
        if not self._layout.home.exists() and not self.leftovers():
            return
        with lock.hold(self._layout.lock, "idp local stop", LOCK_SECONDS, report):
            halt.run(self._layout, report)
            if purge:
                self._purge()

    def status(self) -> Status:
        """Return what runs; changes nothing, takes at most a few seconds if the cluster does not answer."""
        components = tuple(self._component(name) for name in (namespace.NAME, parts.FORWARD, *parts.NAMES))
        missing = [f"{part.name}: not running" for part in components if not part.running]
        if not missing:
            missing = problems(self._layout, self._tool)
        path = self._layout.kubeconfig
        return Status(
            components=components,
            ready=not missing,
            waiting_for=tuple(missing),
            kubeconfig=path if path.exists() else None,
            server=kubeconfig.server_of(path),
            identity=certificates.fingerprint(self._layout),
            forwards=ports.read(self._layout),
        )

    def serves(self) -> bool:
        """Return whether the API server's process runs."""
        return daemon.running(self._layout, parts.API_SERVER) is not None

    def forwards(self) -> dict[str, int]:
        """Return the port on 127.0.0.1 of each way in, by name; empty before the first start."""
        return ports.read(self._layout)

    def leftovers(self) -> list[str]:
        """Return a line for each process, cgroup and mount of this cluster; empty after `stop`."""
        return halt.leftovers(self._layout)

    def _starter(self, report: Report) -> Starter:
        preconditions.check_machine()
        preconditions.check_home(self._layout)
        return Starter(self._layout, self._tool, self._forwards, self._images, report)

    def _component(self, name: str) -> ComponentStatus:
        process = daemon.running(self._layout, name)
        return ComponentStatus(name, process.pid if process else None, process is not None, self._layout.log(name))

    def _purge(self) -> None:
        home = self._layout.home
        if not home.exists():
            return
        if any(home.iterdir()) and not self._layout.marker.exists():
            raise IdpError(f"{home}: not a local cluster's folder, it is left alone", Exit.INVALID)
        mounted = [line for line in self.leftovers() if line.startswith("mount ")]
        if mounted:
            raise IdpError(f"{mounted[0]}: still in use, nothing is removed")
        shutil.rmtree(home)


def _without_traceback(run: Callable[[], None], layout: Layout) -> None:
    """Call `run`; a file that cannot be written is an expected failure."""
    try:
        run()
    except OSError as error:
        code = Exit.MISSING if error.errno == errno.ENOSPC else Exit.FAILED
        raise IdpError(f"{error.filename or layout.home}: {error.strerror or error}", code) from error
