"""A GitLab job runs as what the runner says."""

from __future__ import annotations

from policies.condition import Field, unset_or
from policies.demand import ITEM
from policies.rule import Rule, Severity
from policies.runners import CONFIGURATIONS, RunnerDemand, configured, demanded, extended

_KEYS = (
    "bearer_token_overwrite_allowed",
    "namespace_overwrite_allowed",
    "node_selector_overwrite_allowed",
    "node_tolerations_overwrite_allowed",
    "pod_labels_overwrite_allowed",
    "service_account_overwrite_allowed",
)

RULE = Rule(
    id="runner_overwrites",
    title="GitLab jobs choose neither account, namespace nor node",
    severity=Severity.HIGH,
    why="What a pipeline may choose whoever writes it may choose: another account's rights, another pool's nodes.",
    remedy="Leave the `..._overwrite_allowed` keys out; make a runner for each level of trust.",
    types=CONFIGURATIONS,
    check=demanded(
        *(
            RunnerDemand(
                unset_or(Field(ITEM, "kubernetes", key), "", False),
                "lets jobs choose; allowed is false, or nothing",
                at=("kubernetes", key),
            )
            for key in _KEYS
        )
    ),
    passing=(
        configured(),
        extended("bearer_token_overwrite_allowed = false"),
        extended('pod_annotations_overwrite_allowed = ".*"'),
    ),
    failing=(
        *(extended(f"{key} = '.*'") for key in _KEYS),
        extended("bearer_token_overwrite_allowed = true", kind="Secret"),
    ),
)
