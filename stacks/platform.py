"""Layer `platform`: what every workspace of the environment shares, inside the cluster."""

from __future__ import annotations

import pulumi

from components.admission_baseline import AdmissionBaseline, AdmissionBaselineArgs
from components.isolated_namespace import IsolatedNamespace, IsolatedNamespaceArgs
from components.labels import Ownership
from components.priority_classes import PriorityClasses, PriorityClassesArgs
from environments import Environment
from stacks import providers
from stacks.outputs import PlatformOutputs

NAMESPACES = ("idp-gateway", "idp-observability", "idp-vault")
"""The platform's own parts, each in a namespace of its own; `idp-` is reserved, no workspace can take it."""


def build(environment: Environment) -> PlatformOutputs:
    """Declare the layer."""
    in_cluster = pulumi.ResourceOptions(providers=[providers.cluster(environment)])
    ownership = Ownership(environment=environment.name, owner=environment.owner, cost_centre=environment.cost_centre)
    namespaces = [
        IsolatedNamespace(name, IsolatedNamespaceArgs(name=name, ownership=ownership), in_cluster).name
        for name in NAMESPACES
    ]
    priorities = PriorityClasses("idp", PriorityClassesArgs(ownership=ownership), in_cluster)
    AdmissionBaseline(
        "idp-workspaces",
        AdmissionBaselineArgs(ownership=ownership, registries=environment.platform.registries),
        in_cluster,
    )
    return PlatformOutputs(namespaces=pulumi.Output.all(*namespaces), workspace_priority_class=priorities.workspace)
