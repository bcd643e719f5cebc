"""What the real engine writes, judged: its preview, its state, and the manifests that the same program renders."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from idp import toolchain
from idp.check.judge import Judged, Verdict
from idp.check.run import Report, check
from policies.catalogue import Catalogue, load
from tests.stack_folder import lay_out

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CANARY = "canary-7f3a"
PROGRAM = f'''
import pulumi
import pulumi_kubernetes as k8s

provider = k8s.Provider("cluster", render_yaml_to_directory="rendered")
opts = pulumi.ResourceOptions(provider=provider)
space = k8s.core.v1.Namespace("space", metadata={{"name": "team"}}, opts=opts)
settings = k8s.core.v1.ConfigMap("settings", metadata={{"name": "c"}}, data={{"a": "b"}}, opts=opts)


def pod(name, image):
    k8s.core.v1.Pod(
        name,
        metadata={{"name": name, "namespace": "team"}},
        spec={{"containers": [{{"name": "app", "image": image, "env": [{{"name": "A", "value": "{CANARY}"}}]}}]}},
        opts=opts,
    )


pod("bad", "app:latest")
pod("sealed", pulumi.Output.secret("{CANARY}:latest"))
pod("later", settings.id.apply(lambda _: "app:latest"))
k8s.core.v1.Secret("secret", metadata={{"name": "s"}}, string_data={{"a": pulumi.Output.secret("{CANARY}")}}, opts=opts)
k8s.core.v1.ConfigMap("loose", metadata={{"name": "loose"}}, data={{"a": "{CANARY}"}})
'''


@dataclass(frozen=True)
class Engine:
    """The engine in a project of its own."""

    folder: Path
    variables: Mapping[str, str]

    def run(self, *args: str) -> str:
        done = subprocess.run(
            ["pulumi", *args, "--non-interactive"],  # noqa: S607
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    tools = {tool.name: tool for tool in toolchain.lookup() if isinstance(tool, toolchain.Tool)}
    pulumi, plugin = tools["pulumi"], tools["pulumi-resource-kubernetes"]
    folder = tmp_path_factory.mktemp("engine")
    variables = lay_out(folder, "checked", PROGRAM, pulumi.path)
    found = Engine(folder, variables | {"PATH": f"{plugin.path.parent}:{variables['PATH']}"})
    found.run("stack", "init", "test")
    # For the default provider, which no cluster is there for either.
    found.run("config", "set", "kubernetes:renderYamlToDirectory", "rendered")
    return found


@pytest.fixture(scope="module")
def reports(engine: Engine) -> dict[str, Report]:
    """Judge the preview, the state with secrets sealed and in the clear, and what was rendered."""
    notes: list[str] = []
    texts = {"preview": engine.run("preview", "--json")}
    engine.run("up", "--yes", "--skip-preview")
    texts["state"] = engine.run("stack", "export")
    texts["shown"] = engine.run("stack", "export", "--show-secrets")
    assert CANARY in texts["shown"]
    alone = Catalogue(tuple(rule for rule in load().rules if rule.id in ("image_pinned", "default_provider")))
    found = {name: check(["-"], alone, BytesIO(text.encode()), notes.append) for name, text in texts.items()}
    found["rendered"] = check([str(engine.folder / "rendered")], alone, BytesIO(), notes.append)
    assert [str(problem) for report in found.values() for problem in report.problems] == []
    return found


def verdicts(report: Report, *kinds: str) -> dict[str, Verdict]:
    return {one.name: one.verdict for one in report.judged if one.kind in kinds}


def test_every_form_has_the_same_resources(reports: dict[str, Report]) -> None:
    names = {"bad", "sealed", "later"}
    for name, report in reports.items():
        assert verdicts(report, "Pod").keys() == names, name
        assert len(verdicts(report, "Namespace", "ConfigMap", "Secret")) == 4


def test_what_is_known_decides(reports: dict[str, Report]) -> None:
    known, unknown = Verdict.FAIL, Verdict.UNKNOWN
    assert verdicts(reports["preview"], "Pod") == {"bad": known, "sealed": unknown, "later": unknown}
    assert verdicts(reports["state"], "Pod") == {"bad": known, "sealed": unknown, "later": known}
    assert verdicts(reports["shown"], "Pod") == {"bad": known, "sealed": known, "later": known}
    assert verdicts(reports["rendered"], "Pod") == {"bad": known, "sealed": known, "later": known}


def test_the_provider_is_known_to_the_engine_alone(reports: dict[str, Report]) -> None:
    def refused(report: Report) -> list[Judged]:
        return [one for one in report.judged for said in one.violations if said.control == "default_provider"]

    for name in ("preview", "state", "shown"):
        (one,) = refused(reports[name])
        assert one.name == "loose"
        assert one.urn.endswith("::loose")
    assert refused(reports["rendered"]) == []


def test_no_report_repeats_a_value(reports: dict[str, Report]) -> None:
    for report in reports.values():
        assert CANARY not in json.dumps([str(one) for one in report.judged])
