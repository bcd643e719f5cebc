"""GitLab jobs run images that somebody chose."""

from __future__ import annotations

from policies.condition import EachItem, Field, Filled, Matches, Not, all_of
from policies.demand import ITEM
from policies.images import DIGEST, TAG
from policies.rule import Rule, Severity
from policies.runners import CONFIGURATIONS, RunnerDemand, changed, configured, demanded

# Wildcards alone name nothing.
_NAMED = Not(Matches(Field("pattern"), r"[*?/:@]*"))

RULE = Rule(
    id="runner_images",
    title="GitLab jobs run pinned images of known registries",
    severity=Severity.HIGH,
    why="A job's image is chosen by whoever writes the pipeline; it and the helper see the job's secrets.",
    remedy="Set `image` and `helper_image` with a version, and registries in `allowed_images` and `allowed_services`.",
    types=CONFIGURATIONS,
    check=demanded(
        *(
            RunnerDemand(
                all_of(Matches(Field(ITEM, *at), f"{TAG}|{DIGEST}"), Not(Matches(Field(ITEM, *at), "[^@]*:latest"))),
                "has no version; allowed is a tag other than `latest`, or a digest",
                at,
            )
            for at in (("kubernetes", "image"), ("kubernetes", "helper_image"))
        ),
        *(
            RunnerDemand(
                all_of(Filled(Field(ITEM, *at)), EachItem(Field(ITEM, *at), "pattern", _NAMED)),
                "is empty or takes any image; allowed are patterns that name a registry",
                at,
            )
            for at in (("kubernetes", "allowed_images"), ("kubernetes", "allowed_services"))
        ),
    ),
    passing=(configured(), configured(kind="Secret")),
    failing=(
        changed('"registry.example/job:1.2"', '"registry.example/job"'),
        changed('"registry.example/job:1.2"', '"registry.example/job:latest"'),
        changed('helper_image = "registry.example/helper:18.1"', ""),
        changed('allowed_images = ["registry.example/*"]', ""),
        changed('allowed_images = ["registry.example/*"]', 'allowed_images = ["a/*", "**"]', kind="Secret"),
        changed('allowed_services = ["registry.example/*"]', "allowed_services = []"),
    ),
)
