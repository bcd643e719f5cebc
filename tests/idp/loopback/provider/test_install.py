"""The executable that the engine finds."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import grpc
import psutil
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from idp.loopback.aws import plugin
from idp.loopback.provider.install import sdk_version


def test_only_this_home_gets_the_plugin(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    other.mkdir()
    executable = plugin.install(home)
    assert executable == home / "plugins" / f"resource-aws-v{sdk_version('aws')}" / "pulumi-resource-aws"
    assert stat.S_IMODE(executable.stat().st_mode) == 0o700
    before = executable.stat().st_mtime_ns
    plugin.install(home)
    assert executable.stat().st_mtime_ns == before
    assert list(other.iterdir()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [executable]


def test_it_says_its_port_and_answers(tmp_path: Path) -> None:
    # The engine's working directory is the program's: a module of the same name there must not be run.
    (tmp_path / "idp").mkdir()
    (tmp_path / "idp" / "__init__.py").write_text("raise SystemExit('the wrong idp')\n")
    executable = plugin.install(tmp_path / "home")
    with subprocess.Popen([executable, "127.0.0.1:1"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
            assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=30).version == sdk_version("aws")
        finally:
            process.terminate()
        assert process.wait(10) == 0


ENGINE = """
import subprocess, sys, time
plugin = subprocess.Popen([sys.argv[1], "127.0.0.1:1"], stdout=subprocess.PIPE)
plugin.stdout.readline()
print(plugin.pid, flush=True)
time.sleep(60)
"""


def test_it_does_not_outlive_a_killed_engine(tmp_path: Path) -> None:
    executable = plugin.install(tmp_path / "home")
    with subprocess.Popen([sys.executable, "-c", ENGINE, executable], stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        served = psutil.Process(int(engine.stdout.readline()))
        engine.kill()
    try:
        served.wait(15)
    except psutil.NoSuchProcess:
        return
    assert not served.is_running() or served.status() == psutil.STATUS_ZOMBIE
