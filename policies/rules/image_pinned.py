"""An image reference names one build, not whatever is newest."""

from __future__ import annotations

from policies.condition import Field, Matches, Not
from policies.demand import EVERY_CONTAINER, ITEM, Demand, demands
from policies.images import DIGEST, TAG
from policies.pods import WORKLOADS
from policies.rule import Rule, Severity
from policies.samples import SHA, deployment, workload

_IMAGE = Field(ITEM, "image")
_ALLOWED = "allowed is a tag other than `latest`, or a digest"

RULE = Rule(
    id="image_pinned",
    title="Images have a version",
    severity=Severity.MEDIUM,
    why="Without a version two pods of one deployment can run different code, and a rollback brings nothing back.",
    remedy="Name the version of the image, best its digest: `registry/name:1.2@sha256:...`.",
    types=WORKLOADS,
    check=demands(
        Demand(
            EVERY_CONTAINER,
            Matches(_IMAGE, f"{TAG}|{DIGEST}"),
            f"has neither tag nor digest, or one that is none; {_ALLOWED}",
            at=("image",),
        ),
        Demand(
            EVERY_CONTAINER,
            Not(Matches(_IMAGE, "[^@]*:latest")),
            f"has the tag `latest`; {_ALLOWED}",
            at=("image",),
        ),
    ),
    passing=(
        deployment({"image": "registry.example:5000/app:1.2"}),
        deployment({"image": f"app@{SHA}"}),
        deployment({"image": f"app:latest@{SHA}"}),
        deployment(),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        deployment({"image": "app"}),
        deployment({"image": "app:latest"}),
        deployment({"image": "registry.example:5000/app"}),
        deployment({"image": "app@sha256:0123"}),
        deployment({"image": "app:1:2"}),
        deployment({"name": "app"}),
        workload("Pod", {"initContainers": [{"image": "app"}]}),
        workload("Pod", {"ephemeralContainers": [{"image": "app"}]}, typed="core/v1:PodPatch"),
        workload(
            "CronJob", {"containers": [{"image": "app:1"}, {"image": "app:latest"}]}, typed="batch/v1beta1:CronJob"
        ),
    ),
)
