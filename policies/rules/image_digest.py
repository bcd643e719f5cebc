"""An image is what it was when somebody looked at it."""

from __future__ import annotations

from policies.condition import Field, Matches
from policies.demand import EVERY_CONTAINER, ITEM, Demand, demands
from policies.images import DIGEST
from policies.pods import WORKLOADS
from policies.rule import Rule, Severity
from policies.samples import SHA, deployment, workload

RULE = Rule(
    id="image_digest",
    title="Images have a digest",
    severity=Severity.LOW,
    why="Whoever may write to the registry can put other code behind a tag; behind a digest nobody can.",
    remedy="Name the digest beside the version: `registry/name:1.2@sha256:...`.",
    types=WORKLOADS,
    check=demands(
        Demand(
            EVERY_CONTAINER,
            Matches(Field(ITEM, "image"), DIGEST),
            "has no digest; allowed is an image with `@sha256:...`",
            at=("image",),
        )
    ),
    passing=(
        deployment({"image": f"registry.example:5000/app:1.2@{SHA}"}, {"image": f"app@{SHA}"}),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        deployment({"image": "app:1.2"}),
        deployment({"image": "app@sha256:0123"}),
        workload("CronJob", {"containers": [{"image": f"app@{SHA}"}], "initContainers": [{"image": "app:1"}]}),
        workload("Pod", {"ephemeralContainers": [{"image": "app:1"}]}, typed="core/v1:PodPatch"),
    ),
)
