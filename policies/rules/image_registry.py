"""Images come from where the environment says."""

from __future__ import annotations

from dataclasses import replace

from policies.condition import Field, SomeItem, StartsWith
from policies.demand import EVERY_CONTAINER, ITEM, REGISTRIES, Demand, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Resource, Rule, Severity
from policies.samples import workload
from policies.settings import Settings

_KNOWN = Settings(registries=("registry.example/team/", "mirror.example:5000/"))


def _pod(*images: str, kind: str = "Pod", typed: str = "", within: str = "containers") -> Resource:
    containers: list[Plain] = [{"name": "app", "image": image} for image in images]
    return replace(workload(kind, {within: containers}, typed), settings=_KNOWN)


RULE = Rule(
    id="image_registry",
    title="Images come from known registries",
    severity=Severity.HIGH,
    why="Anybody can publish an image under any name; the environment's registries hold what was looked at.",
    remedy="Push the image to a registry of `platform.registries` in the environment's file, or have it added there.",
    types=WORKLOADS,
    setting="registries",
    check=demands(
        Demand(
            EVERY_CONTAINER,
            SomeItem(Field(REGISTRIES), "beginning", StartsWith(Field(ITEM, "image"), Field("beginning"))),
            "is from an unknown registry; allowed is what begins as one of `platform.registries` does",
            at=("image",),
        )
    ),
    passing=(
        _pod("registry.example/team/app:1", "mirror.example:5000/library/nginx:1"),
        _pod("registry.example/team/app:1", kind="CronJob"),
        workload("Pod", {"containers": [{"image": "anything:1"}]}),
        replace(workload("Deployment", {"containers": [{"name": "a"}]}, "apps/v1:DeploymentPatch"), settings=_KNOWN),
    ),
    failing=(
        _pod("registry.example/other/app:1"),
        _pod("registry.example/team/app:1", "nginx:1", kind="StatefulSet"),
        _pod("registry.example.org/team/app:1", kind="Deployment", typed="apps/v1:DeploymentPatch"),
        _pod("debug:1", within="ephemeralContainers"),
        _pod("tools:1", within="initContainers"),
        replace(_pod("registry.example/team/app:1"), settings=Settings(registries=())),
    ),
)
