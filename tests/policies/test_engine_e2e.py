"""The pack under the real engine: what a preview can't know is told there, and refused in the update."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from idp import toolchain
from idp.toolchain import install_plugins
from tests.stack_folder import lay_out, run_engine

from .pack_copy import copied

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

RULES = ("container_resources", "image_pinned", "namespace_default_deny", "namespace_pod_security")
"""Those that the program is about; the others would have much to say of so short a one."""

# The provider writes files instead of asking a cluster. A preview does not know the id of what is not made yet, nor
# what is made of it.
PROGRAM = """
import pulumi
import pulumi_kubernetes as kubernetes

cluster = kubernetes.Provider("cluster", render_yaml_to_directory="rendered")
made = pulumi.ResourceOptions(provider=cluster)
settings = pulumi.Config()
first = kubernetes.core.v1.ConfigMap("first", metadata={"name": "first", "namespace": "team"}, opts=made)
later = lambda value: first.id.apply(lambda _: value)
kubernetes.core.v1.Pod(
    "web",
    metadata={"name": "web", "namespace": "team"},
    spec={
        "containers": [
            {
                "name": "web",
                "image": later(settings.require("image")),
                "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}},
            }
        ]
    },
    opts=made,
)
kubernetes.core.v1.Namespace(
    "team",
    metadata={
        "name": later("team"),
        "labels": {
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "v1.33",
        },
    },
    opts=made,
)
kubernetes.networking.v1.NetworkPolicy(
    "deny",
    metadata={"name": "deny", "namespace": settings.require("closed")},
    spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    opts=made,
)
"""


@dataclass(frozen=True)
class Stack:
    """A stack with the program, which nothing was made of yet."""

    folder: Path
    pulumi: Path
    variables: dict[str, str]

    def run(self, *arguments: str, code: int = 0) -> str:
        return run_engine(self.pulumi, self.folder, self.variables, *arguments, fails=bool(code), seconds=120)

    def judged(self, *command: str, image: str = "app:1", closed: str = "team", code: int = 0) -> str:
        settings = ("--config", f"image={image}", "--config", f"closed={closed}")
        return self.run(*command, *settings, "--policy-pack", str(self.folder / "policies"), code=code)

    def rendered(self) -> str:
        return "".join(file.read_text() for file in sorted((self.folder / "rendered").rglob("*.yaml")))


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    tools = toolchain.ensure(print, toolchain.ENGINE)
    install_plugins(tools, tmp_path / "home")
    engine = tools.path("pulumi")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    copied(tmp_path, RULES)
    made = Stack(tmp_path, engine, lay_out(tmp_path, "later", PROGRAM, engine))
    made.run("stack", "init", "dev.workspaces")
    return made


UP = ("up", "--yes", "--skip-preview")


def test_what_turns_out_well_is_advisory_before_and_silent_after(stack: Stack) -> None:
    said = stack.judged("preview")
    assert "[advisory] [severity: medium]  image_pinned" in said
    assert "image_pinned on web, spec.containers[0].image is not yet known; checked again on the update" in said
    assert "namespace_default_deny on team, metadata.name is not yet known; checked again on the update" in said
    assert "[mandatory]" not in said
    said = stack.judged(*UP)
    assert "6 created" in said
    assert "not yet known" not in said
    assert "image: app:1" in stack.rendered()


def test_what_turns_out_badly_is_never_made(stack: Stack) -> None:
    assert "[mandatory]" not in stack.judged("preview", image="app:latest")
    said = stack.judged(*UP, image="app:latest", code=1)
    assert "[mandatory] [severity: medium]  image_pinned" in said
    assert "image_pinned (medium) on web, spec.containers[0].image: has the tag `latest`" in said
    assert "app:latest" not in stack.rendered()


def test_a_stack_that_turns_out_badly_fails_the_update(stack: Stack) -> None:
    assert "[mandatory]" not in stack.judged("preview", closed="other")
    said = stack.judged(*UP, closed="other", code=1)
    assert "namespace_default_deny (high) on team, metadata.name: no NetworkPolicy" in said


def test_a_level_can_be_lowered_for_one_command(stack: Stack) -> None:
    levels = stack.folder / "levels.json"
    levels.write_text('{"namespace_default_deny": "advisory", "image_pinned": "disabled"}')
    said = stack.judged(*UP, "--policy-pack-config", str(levels), image="app:latest", closed="other")
    assert "[advisory] [severity: high]  namespace_default_deny" in said
    assert "image_pinned" not in said
