"""How pods of teams get to Vault: where it is, who they are to it, what they want from it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.vault import paths, policies
from components.vault_agent import VaultAccess
from components.vault_agent_settings import SecretFile
from components.workspace import WorkspaceVault
from environments import Environment
from environments.model import Service
from environments.service_secrets import AGENT_CPU, AGENT_MEMORY
from stacks.layers import VAULT_NAMESPACE
from stacks.outputs import PlatformOutputs


@dataclass(frozen=True, kw_only=True)
class Vault:
    """The environment's Vault, as pods see it."""

    namespace: pulumi.Input[str]
    """Namespace of its servers."""
    address: pulumi.Input[str]
    """Address inside the cluster, `https://HOST:PORT`."""
    ca_certificate: pulumi.Input[str]
    """The authority of its certificate (PEM)."""
    image: pulumi.Input[str]
    """Image of its servers: an agent is the same program."""


def of_platform(environment: Environment, platform: PlatformOutputs) -> Vault | None:
    """Return the Vault that the environment's platform runs and its layer `secrets` configures; None without both."""
    if environment.platform.vault is None or environment.secrets is None:
        return None
    return Vault(
        namespace=VAULT_NAMESPACE,
        address=platform.vault_address,
        ca_certificate=platform.vault_ca,
        image=environment.platform.vault.image,
    )


def of_workspace(vault: Vault | None) -> WorkspaceVault | None:
    """Return what a workspace needs of Vault."""
    if vault is None:
        return None
    return WorkspaceVault(namespace=vault.namespace, ca_certificate=vault.ca_certificate)


def of_service(vault: Vault | None, workspace: str) -> VaultAccess | None:
    """Return how pods of a workspace log in, as the layer `secrets` has it."""
    if vault is None:
        return None
    return VaultAccess(
        address=vault.address,
        ca_certificate=vault.ca_certificate,
        role=policies.name("pod", workspace),
        kv=paths.kv(workspace),
        image=vault.image,
        # Fixed, so that a workspace need not wait for the layer that makes it: its pods do.
        login=paths.KUBERNETES,
        cpu=AGENT_CPU,
        memory=AGENT_MEMORY,
    )


def files(service: Service) -> list[SecretFile]:
    """Return the files that a service wants."""
    return [SecretFile(**one.model_dump()) for one in service.secrets]
