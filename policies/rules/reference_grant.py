"""Who lets another namespace refer to something says to what."""

from __future__ import annotations

from policies.condition import Field, Filled
from policies.demand import ITEM, OBJECT, Demand, Items, demands
from policies.gateways import GROUP
from policies.kinds import kubernetes
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import sample


def _grant(*to: Plain, typed: str = "ReferenceGrant") -> Resource:
    source: Plain = [{"group": GROUP, "kind": "HTTPRoute", "namespace": "other"}]
    metadata: Plain = {"name": "grant", "namespace": "team"}
    return sample(f"{GROUP}/v1beta1:{typed}", metadata=metadata, spec={"from": source, "to": list(to)})


RULE = Rule(
    id="reference_grant",
    title="ReferenceGrants name what may be referred to",
    severity=Severity.MEDIUM,
    why="A grant without a name is for every Secret or Service of the namespace, those of tomorrow included.",
    remedy="Set `name` in each entry of `spec.to`.",
    types=kubernetes(ReferenceGrant=GROUP),
    check=demands(
        Demand(
            Items(OBJECT, (("spec", "to"),), replaced="kind"),
            Filled(Field(ITEM, "name")),
            "is missing; allowed is the name of one object",
            at=("name",),
        )
    ),
    passing=(_grant({"group": "", "kind": "Service", "name": "web"}), _grant(typed="ReferenceGrantPatch")),
    failing=(
        _grant({"group": "", "kind": "Secret"}),
        _grant({"group": "", "kind": "Service", "name": "web"}, {"group": "", "kind": "Service", "name": ""}),
        _grant({"group": "", "kind": "Secret"}, typed="ReferenceGrantPatch"),
    ),
)
