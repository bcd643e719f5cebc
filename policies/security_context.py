"""What pods and containers are allowed: the security context, which both have, and what it depends on."""

from __future__ import annotations

from policies.condition import Condition, Field, absent, any_of, one_of
from policies.demand import EVERY_CONTAINER, ITEM, POD, PODS, Demand
from policies.plain import Plain

WINDOWS = one_of(Field(POD, "os", "name"), "windows")
"""The pod says that it is for Windows: the API server refuses what only Linux has in it."""
OWN_USERS = one_of(Field(POD, "hostUsers"), False)
"""The pod has users of its own: root in it is nobody on the node."""


def context(*keys: str) -> Field:
    """Return a field of the security context of the pod or container that is judged."""
    return Field(ITEM, "securityContext", *keys)


def for_containers(must: Condition, says: str, *keys: str) -> Demand:
    """Return the demand on every container, about `keys` of its security context."""
    return Demand(EVERY_CONTAINER, must, says, ("securityContext", *keys))


def for_all(must: Condition, says: str, *keys: str) -> tuple[Demand, Demand]:
    """Return the demand on the pod and on every container, about `keys` of their security contexts."""
    return Demand(PODS, must, says, ("securityContext", *keys)), for_containers(must, says, *keys)


def profile_for_all(name: str) -> tuple[Demand, Demand]:
    """Return the demand on the pod and on every container that a profile is the runtime's, one of the node, or none."""
    kind = (name, "type")
    return for_all(
        any_of(absent(context(name)), one_of(context(*kind), "RuntimeDefault", "Localhost")),
        "is of another type; allowed are RuntimeDefault, Localhost, or no profile",
        *kind,
    )


def profile(name: str, kind: Plain) -> dict[str, Plain]:
    """Return a pod spec or container with a profile of a type, for samples."""
    return {"securityContext": {name: {"type": kind}}}
