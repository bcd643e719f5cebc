"""Labels that every object of the platform carries, and those that select pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

WORKSPACE = "idp/workspace"
"""On the namespaces of teams: admission and network policies select by it."""

POD_SECURITY = "pod-security.kubernetes.io"


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Who answers for an object and who pays; becomes labels."""

    environment: pulumi.Input[str]
    """Name of the environment."""
    owner: pulumi.Input[str]
    """Team that answers for it."""
    cost_centre: pulumi.Input[str]
    """Where the costs go."""

    def labels(self) -> dict[str, pulumi.Input[str]]:
        """Return the labels; `app.kubernetes.io/managed-by` is Kubernetes' recommended one."""
        return {
            "app.kubernetes.io/managed-by": "pulumi",
            "idp/cost-centre": self.cost_centre,
            "idp/environment": self.environment,
            "idp/owner": self.owner,
        }


def pod_security(level: pulumi.Input[str]) -> Mapping[str, pulumi.Input[str]]:
    """Return the labels by which the API server enforces a Pod Security Standard.

    `level` is `restricted` or `baseline`. What is merely baseline still warns and audits as restricted.
    Source: kubernetes.io/docs/concepts/security/pod-security-admission.
    """
    return {
        f"{POD_SECURITY}/enforce": level,
        f"{POD_SECURITY}/enforce-version": "latest",
        f"{POD_SECURITY}/audit": "restricted",
        f"{POD_SECURITY}/audit-version": "latest",
        f"{POD_SECURITY}/warn": "restricted",
        f"{POD_SECURITY}/warn-version": "latest",
    }
