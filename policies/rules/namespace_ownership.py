"""Every namespace says whose it is and who pays."""

from __future__ import annotations

from policies.condition import Field, Filled
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample

LABELS = ("idp/cost-centre", "idp/environment", "idp/owner")


def _namespace(**changes: Plain) -> Resource:
    labels: dict[str, Plain] = dict.fromkeys(LABELS, "a")
    return sample("core/v1:Namespace", metadata={"labels": {**labels, **changes}})


RULE = Rule(
    id="namespace_ownership",
    title="Namespaces have the platform's labels",
    severity=Severity.LOW,
    why="Nobody answers for what has no owner, and what has no cost centre is everybody's bill.",
    remedy=f"Label the namespace with {', '.join(LABELS)}.",
    types=kubernetes(Namespace="core"),
    check=demands(
        *(
            Demand(
                WHOLE,
                Filled(Field(ITEM, "metadata", "labels", label)),
                "is missing; allowed is any text",
                at=("metadata", "labels", label),
            )
            for label in LABELS
        )
    ),
    passing=(
        _namespace(),
        _namespace(more="a"),
        sample("core/v1:NamespacePatch"),
    ),
    failing=(
        sample("core/v1:Namespace"),
        *(_namespace(**{label: None}) for label in LABELS),
        *(_namespace(**{label: ""}) for label in LABELS),
    ),
)
