"""Bringing the cluster from whatever state it is in to ready."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from idp import files
from idp.errors import IdpError
from idp.loopback import processes
from idp.loopback.cluster import (
    api,
    certificates,
    cgroups,
    components,
    configuration,
    daemon,
    forwarding,
    halt,
    images,
    kubeconfig,
    logs,
    members,
    namespace,
    objects,
    ports,
    preconditions,
    readiness,
)
from idp.loopback.cluster.daemon import Daemon
from idp.loopback.cluster.images import Contents
from idp.loopback.cluster.layout import Layout
from idp.loopback.cluster.network import API_FORWARD, Forward

API_SECONDS = 60.0
READY_SECONDS = 120.0
APPLY_SECONDS = 20.0
"""Upper bounds on a slow machine; a quiet one with 2 cores takes about a tenth."""
POLL_SECONDS = 0.1
SAY_SECONDS = 5.0
"""How often a line says what is still waited for."""
REPLACE_SECONDS = 5.0
"""What a daemon has to end itself before it is replaced."""
SECOND_CHANCES = 1
"""How often a daemon may end during a start: one that lost its server in a crash may still be about to."""


class Starter:
    """One start. `check` creates nothing; `run` is called with the cluster's lock held."""

    def __init__(
        self,
        layout: Layout,
        tool: Callable[[str], Path],
        forwards: tuple[Forward, ...],
        further: tuple[Contents, ...],
        report: Callable[[str], None],
    ) -> None:
        self._layout = layout
        self._tool = tool
        self._forwards = forwards
        self._further = further
        self._report = report
        self._deaths: dict[str, int] = {}
        self._daemons: dict[str, Daemon] = {}
        self._anchor = 0
        self.api_port = 0
        """Port on 127.0.0.1, known once `run` has returned."""

    def check(self) -> None:
        """Raise IdpError (MISSING) for a full disk or a taken port."""
        names = (namespace.NAME, components.FORWARD, *components.NAMES)
        if any(daemon.running(self._layout, name) is None for name in names):
            preconditions.check_space(self._layout, images.space(self._layout, self._tool, self._further))
        if daemon.running(self._layout, components.FORWARD) is None:
            ports.check(self._forwards)

    def run(self, answers: Callable[[], None]) -> None:
        """Start, replace and wait; call `answers` as soon as the API server is ready. Raises IdpError."""
        processes.reap()
        self._write_files()
        self._enter_namespaces()
        self._end_orphans()
        self._forward()
        lost = daemon.running(self._layout, components.API_SERVER) is None
        for name in ("etcd", "containerd", components.API_SERVER):
            self._ensure(name)
        with ThreadPoolExecutor(1) as pool:
            own = pool.submit(self._import, images.OWN)
            # No part of the cluster is made of these: they may take as long as the rest does.
            further = pool.submit(self._import, self._further)
            self._bring_up(own, answers, lost=lost)
            further.result()

    def _import(self, wanted: Sequence[Contents]) -> dict[str, str]:
        return images.ensure(self._layout, self._tool, wanted, daemon.enter(self._anchor), self._report)

    def _bring_up(self, imported: Future[dict[str, str]], answers: Callable[[], None], *, lost: bool) -> None:
        client = api.Client(self._layout, self.api_port)
        self._wait("API server", lambda: readiness.api_server(client), API_SECONDS)
        if lost:
            self._end_clients()
        answers()
        self._apply(client, imported.result())
        for name in components.NAMES:
            if name == components.KUBE_ROUTER:
                self._wait("node", lambda: readiness.registered(client), API_SECONDS)
            self._ensure(name)
        self._wait("cluster", lambda: next(iter(problems(self._layout, self._tool)), None), READY_SECONDS)

    def _write_files(self) -> None:
        layout = self._layout
        layout.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write(layout.marker, json.dumps({"identifier": layout.identifier}) + "\n")
        for folder in (layout.logs, *layout.state_folders):
            folder.mkdir(exist_ok=True, mode=0o700)
        certificates.ensure(layout)
        configuration.write(layout, {"cni": self._tool("cni-plugins"), "runc": self._tool("runc")})
        self._daemons = components.describe(layout, self._tool)

    def _enter_namespaces(self) -> None:
        anchor = namespace.describe(self._layout, self._tool("pause"))
        pid = namespace.anchor_pid(self._layout, anchor)
        if pid is None:
            # What still runs is in namespaces nobody can enter any more.
            halt.run(self._layout, self._report)
            self._report("starting: namespaces")
            pid = namespace.start(self._layout, anchor)
        self._anchor = pid
        cgroups.create(self._layout.identifier)

    def _end_orphans(self) -> None:
        binaries = {name: described.binary.name for name, described in self._daemons.items()}
        binaries[components.FORWARD] = self._tool(components.FORWARD).name
        processes.end(members.orphans(self._layout, binaries), REPLACE_SECONDS)

    def _forward(self) -> None:
        chosen = forwarding.ensure(
            self._layout, self._tool(components.FORWARD), self._forwards, daemon.enter(self._anchor, mount=False)
        )
        self.api_port = chosen[API_FORWARD.name]
        files.write(self._layout.kubeconfig, kubeconfig.for_admin(self._layout, self.api_port))

    def _ensure(self, name: str) -> None:
        described = self._daemons[name]
        if daemon.is_current(self._layout, described):
            return
        old = daemon.running(self._layout, name)
        if old is not None:
            self._report(f"replacing: {name}")
            processes.end([old], REPLACE_SECONDS)
        else:
            self._report(f"starting: {name}")
        daemon.spawn(self._layout, described, daemon.enter(self._anchor))

    def _end_clients(self) -> None:
        """End what runs of the API server's clients; they are started anew.

        A client that has lost its server looks at the cluster again only after a pause that grows to 30 s with
        every loss (client-go's back-off), and works on what it remembers until then.
        """
        running = [daemon.running(self._layout, name) for name in components.CLIENTS]
        processes.end([process for process in running if process is not None], REPLACE_SECONDS)

    def _apply(self, client: api.Client, digests: dict[str, str]) -> None:
        image = images.COREDNS.name
        deadline = time.monotonic() + APPLY_SECONDS
        for manifest in [*objects.rights(), *objects.storage(), *objects.dns(image, digests[image])]:
            _retry(lambda manifest=manifest: client.apply(manifest), deadline)  # type: ignore[misc]

    def _wait(self, what: str, problem: Callable[[], str | None], seconds: float) -> None:
        begin = said = time.monotonic()
        while (missing := problem()) is not None:
            self._revive()
            now = time.monotonic()
            if now - begin >= seconds:
                raise IdpError(f"{what} not ready after {seconds:.0f} s: {missing} (logs: {self._layout.logs})")
            if now - said >= SAY_SECONDS:
                self._report(f"waiting for {missing}")
                said = now
            time.sleep(POLL_SECONDS)

    def _revive(self) -> None:
        """Start again what ended since this start began; raise IdpError if it ends every time."""
        for name in components.NAMES:
            if daemon.read_record(self._layout, name) is None or daemon.running(self._layout, name) is not None:
                continue
            processes.reap()
            self._deaths[name] = self._deaths.get(name, 0) + 1
            log = self._layout.log(name)
            why = logs.reason(log)
            if self._deaths[name] > SECOND_CHANCES:
                raise IdpError(f"{name} ended: {why} (log: {log})")
            self._report(f"{name} ended ({why}), starting it once more")
            self._ensure(name)


def problems(layout: Layout, tool: Callable[[str], Path]) -> list[str]:
    """Return a line for each thing the cluster is not ready for yet, in the order in which they come up."""
    anchor = daemon.running(layout, namespace.NAME)
    port = ports.read(layout).get(API_FORWARD.name)
    if anchor is None or port is None:
        return ["namespaces: not there"]
    try:
        client = api.Client(layout, port)
        probe = tool("probe")
    except (OSError, IdpError) as error:
        return [str(error)]
    unready = readiness.api_server(client)
    if unready is not None:
        return [unready]
    found = (
        readiness.node(layout, client),
        readiness.policies(probe, anchor.pid),
        readiness.rolled_out(client),
        readiness.dns(probe, anchor.pid),
    )
    return [line for line in found if line is not None]


def _retry(action: Callable[[], None], deadline: float) -> None:
    while True:
        try:
            return action()
        except (api.Unreachable, IdpError) as error:
            if time.monotonic() >= deadline:
                raise IdpError(str(error)) from error
        time.sleep(POLL_SECONDS)
