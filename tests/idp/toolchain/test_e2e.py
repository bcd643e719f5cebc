"""The real table: what is missing is built, every binary answers, and the engine runs Python with what we built."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from idp.paths import ROOT
from idp.toolchain import Toolchain, ensure, install_plugins, lookup
from idp.toolchain.ask import version_of
from idp.toolchain.known import KnownVersions
from idp.toolchain.spec import Spec
from idp.toolchain.table import TABLE
from idp.toolchain.versions import fits

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

PROGRAM = """
import pulumi


class Thing(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("tiny:index:Thing", name)
        self.register_outputs({})


Thing("thing")
pulumi.export("stack", pulumi.get_stack())
pulumi.export("greeting", pulumi.Config().require("greeting"))
pulumi.export("root", pulumi.runtime.get_root_directory())
"""

PACK = """
import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy


def seen(args, report):
    if pulumi.get_stack() != "dev.tiny":
        report("the pack does not know the stack")
    if any(resource.name == "forbidden" for resource in args.resources):
        report("forbidden")


PolicyPack("tiny", [StackValidationPolicy("seen", "sees the stack", seen, EnforcementLevel.MANDATORY)])
"""

KUBERNETES = """
import pulumi
import pulumi_kubernetes as kubernetes

provider = kubernetes.Provider("files", render_yaml_to_directory="rendered")
kubernetes.core.v1.Namespace("team", metadata={"name": "team"}, opts=pulumi.ResourceOptions(provider=provider))
"""


@pytest.fixture(scope="module")
def real() -> Toolchain:
    return ensure(print)


@dataclass
class Project:
    folder: Path
    environment: Mapping[str, str]

    def program(self, text: str) -> None:
        (self.folder / "stacks" / "__main__.py").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],  # noqa: S607
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def pulumi(self, *arguments: str, code: int | None = 0) -> str:
        child = self.start(*arguments)
        output = child.communicate(timeout=300)[0]
        assert child.returncode == code if code is not None else child.returncode, output
        return output


@pytest.fixture
def project(real: Toolchain, tmp_path: Path) -> Project:
    options = f"options: {{toolchain: pip, virtualenv: {ROOT / '.venv'}}}"
    for folder in ("stacks", "policies", "state"):
        (tmp_path / folder).mkdir()
    runtime = f"runtime: {{name: python, {options}}}\n"
    (tmp_path / "Pulumi.yaml").write_text(f"name: tiny\nmain: stacks/\n{runtime}")
    (tmp_path / "policies" / "PulumiPolicy.yaml").write_text(runtime)
    (tmp_path / "policies" / "__main__.py").write_text(PACK)
    environment = {
        "PATH": f"{real.bin}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "for this test only",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    made = Project(tmp_path, environment)
    made.program(PROGRAM)
    made.pulumi("stack", "init", "dev.tiny")
    made.pulumi("config", "set", "greeting", "hello")
    return made


def test_every_tool_of_the_table_is_there(real: Toolchain) -> None:
    assert set(real.tools) == {name for spec in TABLE for name in spec.names}
    assert [entry for entry in lookup() if entry.name not in real.tools] == []
    assert all(tool.path.exists() for tool in real.tools.values())


@pytest.mark.parametrize("spec", [spec for spec in TABLE if spec.ask is not None], ids=lambda spec: spec.name)
def test_every_binary_answers_its_version(real: Toolchain, spec: Spec, tmp_path: Path) -> None:
    path = real.path(spec.name)
    binary = path / spec.members[0] if spec.kind == "folder" else path
    version = version_of(spec, binary, KnownVersions(tmp_path / "none.json"))
    assert version == real.tools[spec.name].version
    assert fits(version, spec.rule)


def test_a_second_call_takes_no_time(real: Toolchain) -> None:
    began = time.monotonic()
    assert ensure(print) == real
    assert time.monotonic() - began < 1


def test_preview_and_update_with_a_policy_pack(project: Project) -> None:
    assert "2 to create" in project.pulumi("preview", "--policy-pack", "policies")
    assert "2 created" in project.pulumi("up", "--yes", "--policy-pack", "policies")
    assert project.pulumi("stack", "output", "stack").strip() == "dev.tiny"
    assert project.pulumi("stack", "output", "greeting").strip() == "hello"
    assert project.pulumi("stack", "output", "root").strip() == str(project.folder)
    assert "2 unchanged" in project.pulumi("up", "--yes", "--policy-pack", "policies")


def test_a_violation_stops_the_preview(project: Project) -> None:
    project.program(PROGRAM.replace('"thing"', '"forbidden"'))
    output = project.pulumi("preview", "--policy-pack", "policies", code=None)
    assert "[mandatory]" in output
    assert "the pack does not know" not in output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise ValueError('broken ' + 'here')", "ValueError: broken here"),
        ("import sys; sys.exit(3)", "the program ended with exit status 3"),
        ("import os; os.kill(os.getpid(), 9)", "the program ended with signal: killed"),
    ],
)
def test_a_program_that_fails_says_why_once(project: Project, line: str, said: str) -> None:
    project.program(PROGRAM + line)
    diagnostics = project.pulumi("preview", code=None).partition("Diagnostics:")[2]
    assert diagnostics.count(said) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [("{toolchain: conda}", "not one of auto, pip, uv, poetry"), ("{virtualenv: nowhere}", "nowhere")],
)
def test_a_wrong_runtime_option_is_named(project: Project, options: str, said: str) -> None:
    (project.folder / "Pulumi.yaml").write_text(
        f"name: tiny\nmain: stacks/\nruntime: {{name: python, options: {options}}}"
    )
    assert said in project.pulumi("preview", code=None)


def test_nothing_outlives_a_killed_engine(project: Project) -> None:
    project.program(PROGRAM + "import time, pathlib\npathlib.Path('ready').touch()\ntime.sleep(120)\n")
    engine = project.start("preview", "--policy-pack", "policies")
    deadline = time.monotonic() + 60
    while not (project.folder / "stacks" / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    family = psutil.Process(engine.pid).children(recursive=True)
    # The kernel keeps 15 characters of a name; the program and the pack are two interpreters.
    names = [process.name()[:15] for process in family]
    assert "pulumi-language" in names
    assert sum(name.startswith("python") for name in names) >= 2
    engine.send_signal(signal.SIGKILL)
    engine.wait(10)
    left = psutil.wait_procs(family, timeout=15)[1]
    assert left == []


def test_the_kubernetes_plugin_comes_from_pulumi_home_without_a_warning(real: Toolchain, project: Project) -> None:
    project.program(KUBERNETES)
    assert "no resource plugin" in project.pulumi("up", "--yes", code=None)
    install_plugins(real, project.folder / "home")
    began = time.monotonic()
    install_plugins(real, project.folder / "home")
    assert time.monotonic() - began < 0.05
    output = project.pulumi("up", "--yes")
    assert "3 created" in output
    assert "$PATH" not in output
    assert list(project.folder.rglob("*namespace*.yaml"))
