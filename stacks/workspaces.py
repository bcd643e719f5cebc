"""Layer `workspaces`: one workspace for each team, and the services that the platform runs for it."""

from __future__ import annotations

import pulumi

from components.http_service import HttpService, HttpServiceArgs
from components.labels import Ownership
from components.vault_agent import VaultAccess
from components.workspace import ContainerDefaults, Workspace, WorkspaceArgs
from components.workspace_network import Egress
from environments import Environment
from environments.model import Quota, Service
from environments.model import Workspace as WorkspaceSettings
from stacks import outputs, pod_secrets, providers
from stacks.outputs import PlatformOutputs, WorkspacesOutputs


def build(environment: Environment) -> WorkspacesOutputs:
    """Declare the layer; reads the outputs of `platform`."""
    platform = outputs.read(PlatformOutputs, environment.name)
    return declare(environment, platform, pod_secrets.of_platform(environment, platform))


def declare(environment: Environment, platform: PlatformOutputs, vault: pod_secrets.Vault | None) -> WorkspacesOutputs:
    """Declare the layer on a platform, with its Vault or without one.

    Raises RunError where a service wants secrets and there is no Vault.
    """
    in_cluster = pulumi.ResourceOptions(providers=[providers.cluster(environment, platform.kubeconfig)])
    namespaces, urls = [], []
    for settings in environment.workspaces:
        ownership = Ownership(environment=environment.name, owner=settings.owner, cost_centre=settings.cost_centre)
        workspace = Workspace(settings.name, _workspace(settings, ownership, environment, vault), in_cluster)
        namespaces.append(workspace.namespace)
        for service in settings.services:
            if service.secrets and vault is None:
                place = f"workspaces.{settings.name}.services.{service.name}.secrets"
                raise pulumi.RunError(f"{environment.name}: {place}: not allowed, the platform has no Vault")
            access = pod_secrets.of_service(vault, settings.name)
            args = _service(service, workspace, ownership, platform, access)
            urls.append(HttpService(f"{settings.name}-{service.name}", args, in_cluster).url)
    return WorkspacesOutputs(workspaces=pulumi.Output.all(*namespaces), services=pulumi.Output.all(*urls))


def _workspace(
    settings: WorkspaceSettings, ownership: Ownership, environment: Environment, vault: pod_secrets.Vault | None
) -> WorkspaceArgs:
    return WorkspaceArgs(
        name=settings.name,
        ownership=ownership,
        quota=_hard_limits(settings.quota),
        pod_security=settings.pod_security,
        container_defaults=ContainerDefaults(**settings.container_defaults.model_dump()),
        readers=settings.access.readers,
        developers=settings.access.developers,
        maintainers=settings.access.maintainers,
        vault_login=environment.people_come_through_cluster(),
        ingress_from=settings.network.ingress_from,
        egress_to=[Egress(cidr=egress.cidr, port=egress.port) for egress in settings.network.egress_to],
        vault=pod_secrets.of_workspace(vault),
    )


def _hard_limits(quota: Quota) -> dict[str, str]:
    """Return Kubernetes' names of what the quota limits; memory is limited both as promised and as used."""
    return {
        "requests.cpu": quota.cpu,
        "requests.memory": quota.memory,
        "limits.memory": quota.memory,
        "requests.storage": quota.storage,
        "pods": str(quota.pods),
        "services": str(quota.services),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }


def _service(
    service: Service,
    workspace: Workspace,
    ownership: Ownership,
    platform: PlatformOutputs,
    access: VaultAccess | None,
) -> HttpServiceArgs:
    return HttpServiceArgs(
        namespace=workspace.namespace,
        name=service.name,
        image=service.image,
        port=service.port,
        service_account=workspace.service_account,
        priority_class=platform.workspace_priority_class,
        labels=ownership.labels(),
        replicas=service.replicas,
        cpu=service.cpu,
        memory=service.memory,
        vault=access,
        secrets=pod_secrets.files(service),
    )
