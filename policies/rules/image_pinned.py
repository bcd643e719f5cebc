"""An image reference names one build, not whatever is newest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.plain import UNKNOWN, join
from policies.pods import ALL, WORKLOADS, containers
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import deployment, workload

# The grammar of the distribution project's `reference` package: tag and digest.
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_ALLOWED = "allowed is a tag other than `latest`, or a digest"


def _check(resource: Resource) -> Iterator[Finding]:
    for container in containers(resource, ALL):
        if isinstance(container, NotYetKnown):
            yield container
            continue
        image = container.spec.get("image")
        path = join(container.path, "image")
        if image is UNKNOWN:
            yield NotYetKnown(path)
        elif isinstance(image, str):
            fault = _fault(image)
            if fault:
                yield Violation(f"{fault}; {_ALLOWED}", path)
        elif image is not None or not resource.patch:
            yield Violation(f"is missing; {_ALLOWED}", path)


def _fault(image: str) -> str | None:
    name, at, digest = image.partition("@")
    if at:
        return None if name and _DIGEST.fullmatch(digest) else "has a malformed digest"
    # A colon before the last slash belongs to the registry's port.
    _, colon, tag = name.rpartition("/")[2].partition(":")
    if not colon:
        return "has neither tag nor digest"
    if not _TAG.fullmatch(tag):
        return "has a malformed tag"
    return "has the tag `latest`" if tag == "latest" else None


_SHA = "sha256:" + "0123456789abcdef" * 4

RULE = Rule(
    id="image_pinned",
    title="Images have a version",
    severity=Severity.MEDIUM,
    why="Without a version two pods of one deployment can run different code, and a rollback brings nothing back.",
    remedy="Name the version of the image, best its digest: `registry/name:1.2@sha256:...`.",
    types=WORKLOADS,
    check=_check,
    passing=(
        deployment({"image": "registry.example:5000/app:1.2"}),
        deployment({"image": f"app@{_SHA}"}),
        deployment({"image": f"app:latest@{_SHA}"}),
        deployment(),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        deployment({"image": "app"}),
        deployment({"image": "app:latest"}),
        deployment({"image": "registry.example:5000/app"}),
        deployment({"image": "app@sha256:0123"}),
        deployment({"name": "app"}),
        workload("Pod", {"initContainers": [{"image": "app"}]}),
        workload("Pod", {"ephemeralContainers": [{"image": "app"}]}, typed="core/v1:PodPatch"),
        workload(
            "CronJob", {"containers": [{"image": "app:1"}, {"image": "app:latest"}]}, typed="batch/v1beta1:CronJob"
        ),
    ),
)
