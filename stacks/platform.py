"""Layer `platform`: what every workspace of the environment shares, inside the cluster."""

from __future__ import annotations

import pulumi

from components.admission_baseline import AdmissionBaseline, AdmissionBaselineArgs
from components.isolated_namespace import IsolatedNamespace, IsolatedNamespaceArgs
from components.labels import Ownership
from components.priority_classes import PriorityClasses, PriorityClassesArgs
from environments import Environment
from stacks import outputs, providers
from stacks.outputs import FoundationOutputs, PlatformOutputs

NAMESPACES = ("idp-gateway", "idp-observability", "idp-vault")
"""The platform's own parts, each in a namespace of its own; `idp-` is reserved, no workspace can take it."""


def build(environment: Environment) -> PlatformOutputs:
    """Declare the layer; reads the outputs of `foundation` where the environment has one."""
    kubeconfig = _kubeconfig(environment)
    in_cluster = pulumi.ResourceOptions(providers=[providers.cluster(environment, kubeconfig)])
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
    return PlatformOutputs(
        kubeconfig=kubeconfig,
        namespaces=pulumi.Output.all(*namespaces),
        workspace_priority_class=priorities.workspace,
    )


def _kubeconfig(environment: Environment) -> pulumi.Output[str]:
    """Return the kubeconfig of the foundation, which heeds the file's own; without one, the file's own."""
    if environment.foundation is not None:
        return outputs.read(FoundationOutputs, environment.name).kubeconfig
    named = providers.named_kubeconfig(environment)
    if named is None:
        raise pulumi.RunError(f"{environment.name}: cluster.kubeconfig: null is not allowed without a foundation")
    return pulumi.Output.from_input(named)
