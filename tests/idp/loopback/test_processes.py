"""Daemons: how a process is known again, ports, logs, and what the machine must have."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from idp import files
from idp.errors import Exit, IdpError
from idp.loopback import processes
from idp.loopback.cluster import (
    Forward,
    LocalCluster,
    cgroups,
    daemon,
    halt,
    logs,
    members,
    ports,
    preconditions,
    readiness,
)
from idp.loopback.cluster.daemon import Daemon
from idp.loopback.cluster.layout import Layout

SLEEP = Path("/bin/sleep")


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    made = Layout.of(tmp_path / "home")
    made.home.mkdir()
    yield made
    processes.end([member.process for member in members.find(made)], 0)
    processes.reap()


def test_daemon_is_known_by_pid_and_start_time(layout: Layout) -> None:
    sleeper = Daemon("sleeper", SLEEP, ("60",))
    assert not daemon.is_current(layout, sleeper)
    pid = daemon.spawn(layout, sleeper, ()).pid
    process = daemon.running(layout, "sleeper")
    assert process is not None
    assert process.pid == pid
    assert daemon.is_current(layout, sleeper)
    assert not daemon.is_current(layout, Daemon("sleeper", SLEEP, ("61",)))
    assert os.getsid(pid) == pid
    assert str(Path(f"/proc/{pid}/fd/0").readlink()) == os.devnull


def test_somebody_elses_process_with_the_recorded_pid_is_not_ours(layout: Layout) -> None:
    me = psutil.Process()
    layout.records.mkdir()
    record = {"pid": me.pid, "started": me.create_time() - 5, "fingerprint": "x"}
    (layout.records / "sleeper.json").write_text(json.dumps(record))
    assert daemon.running(layout, "sleeper") is None
    (layout.records / "sleeper.json").write_text(json.dumps({**record, "started": me.create_time()}))
    assert daemon.running(layout, "sleeper") is not None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "null", '{"pid": "x"}', '{"pid": 1, "started": null, "fingerprint": 1}']
)
def test_damaged_record_is_no_record(layout: Layout, text: str) -> None:
    layout.records.mkdir()
    (layout.records / "sleeper.json").write_text(text)
    assert daemon.read_record(layout, "sleeper") is None


def test_killed_daemon_does_not_run_even_as_a_zombie(layout: Layout) -> None:
    pid = daemon.spawn(layout, Daemon("sleeper", SLEEP, ("60",)), ()).pid
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while daemon.running(layout, "sleeper") is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert members.find(layout) == []


def test_unrecorded_daemon_is_an_orphan_and_its_child_is_not(layout: Layout) -> None:
    shell = Daemon("parent", Path("/bin/sh"), ("-c", f"{SLEEP} 60 & wait"))
    pid = daemon.spawn(layout, shell, ()).pid
    binaries = {"parent": "sh"}
    assert members.orphans(layout, binaries) == []
    deadline = time.monotonic() + 5
    while len(members.find(layout)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (layout.records / "parent.json").unlink()
    assert [process.pid for process in members.orphans(layout, binaries)] == [pid]
    assert len(members.find(layout)) == 2


def test_end_is_graceful_first_and_sure_in_the_end(layout: Layout) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    spawned = daemon.spawn(layout, Daemon("stubborn", Path(sys.executable), ("-c", stubborn)), ())
    gentle = daemon.spawn(layout, Daemon("gentle", SLEEP, ("60",)), ())
    deadline = time.monotonic() + 10
    while not layout.log("stubborn").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    begin = time.monotonic()
    processes.end([psutil.Process(spawned.pid), psutil.Process(gentle.pid)], 0.3)
    assert 0.3 <= time.monotonic() - begin < 5
    assert (spawned.wait(1), gentle.wait(1)) == (-signal.SIGKILL, -signal.SIGTERM)


def test_environment_of_the_caller_stays_outside(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "caller's")
    pid = daemon.spawn(layout, Daemon("sleeper", SLEEP, ("60",)), ()).pid
    deadline = time.monotonic() + 5
    while not psutil.Process(pid).cmdline()[0].endswith("sleep"):
        assert time.monotonic() < deadline
    assert set(psutil.Process(pid).environ()) == {"PATH", "HOME", "LC_ALL", daemon.CLUSTER_MARK, daemon.COMPONENT_MARK}


def test_halt_ends_what_it_finds_and_leaves_no_record(layout: Layout) -> None:
    daemon.spawn(layout, Daemon("etcd", SLEEP, ("60",)), ())
    daemon.spawn(layout, Daemon("unheard-of", SLEEP, ("60",)), ())
    assert len(halt.leftovers(layout)) == 2
    halt.run(layout, lambda _: None)
    assert halt.leftovers(layout) == []
    assert not layout.records.exists()


def test_log_keeps_one_backup(layout: Layout) -> None:
    for number in range(3):
        daemon.spawn(layout, Daemon("talker", Path("/bin/echo"), (str(number),)), ()).wait(5)
    assert layout.log("talker").read_text() == "2\n"
    assert layout.logs.joinpath("talker.log.1").read_text() == "1\n"
    assert len(list(layout.logs.iterdir())) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "ended without a word"),
        ("one\ntwo\n\n", "two"),
        ('I1123 fine\nE1123 10:00:00 a.go:1] "command failed" err="port in use"\nI1123 bye\n', "port in use"),
        ("E1123 first\nfailed to run kube-router: no node\npanic: nil\ngoroutine 1\n", "no node"),
        ("fine\npanic: oh no\n\ngoroutine 1 [running]:\nmain.main()\n", "oh no"),
        ('{"level":"warn","msg":"a"}\n{"level":"fatal","msg":"bad dir"}\n{"level":"info","msg":"b"}\n', "bad dir"),
        ("x" * 1000, "…"),
        ("bytes \udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "bytes"),
    ],
)
def test_reason_is_the_telling_line(tmp_path: Path, text: str, expected: str) -> None:
    log = tmp_path / "a.log"
    log.write_text(text)
    found = logs.reason(log)
    assert expected in found
    assert len(found) <= logs.LONGEST
    assert "\n" not in found
    assert logs.reason(tmp_path / "none") == "left no log"


def test_remembered_port_is_kept_while_it_is_free(tmp_path: Path) -> None:
    forward = Forward("api", "10.0.0.1:1")
    with ports.listen(forward, None) as first:
        number = first.getsockname()[1]
        assert first.getsockname()[0] == "127.0.0.1"
        with ports.listen(forward, number) as second:
            assert second.getsockname()[1] != number
    with ports.listen(forward, number) as third:
        assert third.getsockname()[1] == number
    layout = Layout(tmp_path)
    ports.remember(layout, {"api": number})
    assert ports.read(layout) == {"api": number}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"api": "x"}', "null", "7"])
def test_damaged_ports_are_chosen_anew(tmp_path: Path, text: str) -> None:
    layout = Layout(tmp_path)
    layout.ports.write_text(text)
    assert ports.read(layout) == {}


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_port_that_cannot_be_is_named(port: int) -> None:
    with pytest.raises(IdpError, match=f"port {port} .*1-65535") as refused:
        ports.check([Forward("api", "10.0.0.1:1", port)])
    assert refused.value.code is Exit.MISSING


def test_requested_port_that_is_taken_is_named_and_nothing_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preconditions, "check_machine", lambda: None)
    monkeypatch.setattr(preconditions, "check_home", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(IdpError, match=f"port {port} for api") as refused:
            LocalCluster(tmp_path / "home", Path, api_port=port).start(print)
    assert refused.value.code is Exit.MISSING
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lack", ["Linux", "root", "overlayfs", "cgroup", "nsenter", "free"])
def test_what_the_machine_lacks_is_one_line_with_the_other_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lack: str
) -> None:
    file_systems = tmp_path / "filesystems"
    file_systems.write_text("nodev\tproc\n" if lack == "overlayfs" else "nodev\toverlay\n")
    usage = type("Usage", (), {"free": 1000 if lack == "free" else 1 << 40})
    missing: dict[str, Any] = {
        "platform": "darwin" if lack == "Linux" else "linux",
        "uid": 1000 if lack == "root" else 0,
        "hierarchies": [] if lack == "cgroup" else [tmp_path],
    }
    monkeypatch.setattr(sys, "platform", missing["platform"])
    monkeypatch.setattr(os, "geteuid", lambda: missing["uid"])
    monkeypatch.setattr(preconditions, "FILE_SYSTEMS", file_systems)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: missing["hierarchies"])
    monkeypatch.setattr(shutil, "which", lambda name: None if name == lack else f"/bin/{name}")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    home = tmp_path / "home"
    with pytest.raises(IdpError, match=lack) as refused:
        LocalCluster(home, Path).start(print)
    assert refused.value.code is Exit.MISSING
    assert "cluster.kubeconfig in environments/local.yaml" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["filesystems"]


def test_purge_leaves_a_folder_alone_that_is_no_cluster(tmp_path: Path) -> None:
    home = tmp_path / "precious"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    with pytest.raises(IdpError, match="not a local cluster") as refused:
        LocalCluster(home, Path).stop(print, purge=True)
    assert refused.value.code is Exit.INVALID
    assert (home / "thesis.txt").exists()


def test_write_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    files.write(target, "old")
    assert target.stat().st_mode & 0o777 == 0o600

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def node(status: str, heartbeat: str) -> dict[str, Any]:
    condition = {"type": "Ready", "status": status, "lastHeartbeatTime": heartbeat, "message": "why"}
    return {"status": {"conditions": [{"type": "DiskPressure", "status": "False"}, condition]}}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (node("True", "1970-01-01T00:16:40Z"), None),
        (node("True", "1970-01-01T00:16:39Z"), "has not reported"),
        (node("False", "1970-01-01T00:16:41Z"), "why"),
        (node("Unknown", "1970-01-01T00:16:41Z"), "why"),
        ({}, "not reported yet"),
    ],
)
def test_node_is_ready_only_by_what_the_present_kubelet_says(content: dict[str, Any], expected: str | None) -> None:
    found = readiness.node_problem(content, since=1000.7)
    assert found is None if expected is None else found is not None and expected in found


@pytest.mark.parametrize(
    ("status", "is_complete"),
    [
        ({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}, True),
        ({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 1, "availableReplicas": 1}, False),
        ({}, False),
    ],
)
def test_rollout_is_complete_only_when_no_old_pod_is_left(status: dict[str, int], is_complete: bool) -> None:
    content = {"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": status}
    assert (readiness.rollout_problem(content) is None) == is_complete


def test_status_is_json_and_creates_nothing(tmp_path: Path) -> None:
    status = LocalCluster(tmp_path / "home", Path).status()
    assert json.loads(json.dumps(status.as_json()))["ready"] is False
    assert list(tmp_path.iterdir()) == []


def test_start_and_stop_wait_for_each_other(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    held = Layout.of(home).lock
    take = f"import fcntl, time; f = open({str(held)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX)"
    program = f"{take}; print(flush=True); time.sleep(1)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        lines: list[str] = []
        begin = time.monotonic()
        LocalCluster(home, Path).stop(lines.append)
        assert time.monotonic() - begin > 0.5
    assert any("waiting for" in line for line in lines)
