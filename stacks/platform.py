"""Layer `platform`: what every workspace of the environment shares, inside the cluster."""

from __future__ import annotations

import pulumi

from components.admission_baseline import AdmissionBaseline, AdmissionBaselineArgs
from components.isolated_namespace import IsolatedNamespace, IsolatedNamespaceArgs
from components.labels import Ownership
from components.priority_classes import PriorityClasses, PriorityClassesArgs
from environments import Environment
from stacks import outputs, providers, vault, vault_args
from stacks.layers import VAULT_NAMESPACE, in_the_account
from stacks.outputs import FoundationOutputs, PlatformOutputs
from stacks.vault_settings import Surroundings

NAMESPACES = ("idp-gateway", "idp-observability", VAULT_NAMESPACE)
"""The platform's own parts, each in a namespace of its own; `idp-` is reserved, no workspace can take it."""


def build(environment: Environment) -> PlatformOutputs:
    """Declare the layer; reads the outputs of `foundation` where it lives on them."""
    foundation = outputs.read(FoundationOutputs, environment.name) if in_the_account(environment) else None
    kubeconfig = _kubeconfig(environment, foundation)
    cluster = providers.cluster(environment, kubeconfig)
    in_cluster = pulumi.ResourceOptions(providers=[cluster])
    ownership = Ownership(environment=environment.name, owner=environment.owner, cost_centre=environment.cost_centre)
    namespaces = {
        name: IsolatedNamespace(name, IsolatedNamespaceArgs(name=name, ownership=ownership), in_cluster).name
        for name in NAMESPACES
    }
    priorities = PriorityClasses("idp", PriorityClassesArgs(ownership=ownership), in_cluster)
    AdmissionBaseline(
        "idp-workspaces",
        AdmissionBaselineArgs(ownership=ownership, registries=environment.platform.registries),
        in_cluster,
    )
    reached = None
    if environment.platform.vault is not None:
        around = Surroundings(
            namespace=namespaces[VAULT_NAMESPACE],
            labels=ownership.labels(),
            priority_class=priorities.platform,
            api_server=vault_args.api_server(environment, foundation),
        )
        settings = vault_args.settings(environment, environment.platform.vault, foundation)
        reached = vault.declare(settings, around, cluster)
    return PlatformOutputs(
        kubeconfig=kubeconfig,
        namespaces=pulumi.Output.all(*namespaces.values()),
        workspace_priority_class=priorities.workspace,
        vault_address=reached.address if reached else pulumi.Output.from_input(""),
        vault_ca=reached.ca if reached else pulumi.Output.from_input(""),
    )


def _kubeconfig(environment: Environment, foundation: FoundationOutputs | None) -> pulumi.Output[str]:
    """Return the kubeconfig of the foundation, which heeds the file's own; without one, the file's own."""
    if foundation is not None:
        return foundation.kubeconfig
    named = providers.named_kubeconfig(environment)
    if named is None:
        raise pulumi.RunError(f"{environment.name}: cluster.kubeconfig: null is not allowed without a foundation")
    return pulumi.Output.from_input(named)
