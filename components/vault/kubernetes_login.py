"""How pods log in: with their service account's token, made for Vault alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.vault import paths, policies

AUDIENCE = "vault"
"""What a pod's projected token must be made for; one for the API server opens nothing here."""

TOKEN_SECONDS = 1200
LONGEST_SECONDS = 14400
"""Life of a pod's token, and how long it can be renewed: an agent logs in again by itself, a thief can't for long."""


@dataclass(frozen=True, kw_only=True)
class KubernetesLoginArgs:
    """Arguments of `KubernetesLogin`."""

    workspaces: Sequence[str]
    """Names of the workspaces, which are those of their namespaces."""
    service_account: str
    """Account that workloads run as, in each of them."""
    path: str = paths.KUBERNETES
    """Mount of the auth method."""
    host: pulumi.Input[str] = "https://kubernetes.default.svc"
    """API server that tokens are shown to."""
    ca_certificate: pulumi.Input[str] | None = None
    """Its authority (PEM); None is that of the pod Vault runs in, whose own token then asks, too."""


class KubernetesLogin(pulumi.ComponentResource):
    """Kubernetes auth method `kubernetes`, with a role for each workspace, bound to its namespace and account.

    Vault keeps no token of a reviewer: outside the cluster, it shows each pod's token with that same token.
    """

    path: pulumi.Output[str]
    """Mount of the auth method."""

    def __init__(self, name: str, args: KubernetesLoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:KubernetesLogin", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        backend = vault.AuthBackend(
            name, path=args.path, type="kubernetes", description="pods of the cluster", opts=child
        )
        vault.kubernetes.AuthBackendConfig(
            name,
            backend=backend.path,
            kubernetes_host=args.host,
            kubernetes_ca_cert=args.ca_certificate,
            disable_local_ca_jwt=args.ca_certificate is not None,
            opts=child,
        )
        for workspace in args.workspaces:
            role = policies.name("pod", workspace)
            vault.kubernetes.AuthBackendRole(
                f"{name}-{role}",
                backend=backend.path,
                role_name=role,
                bound_service_account_namespaces=[workspace],
                bound_service_account_names=[args.service_account],
                audience=AUDIENCE,
                token_policies=[role],
                token_ttl=TOKEN_SECONDS,
                token_explicit_max_ttl=LONGEST_SECONDS,
                opts=child,
            )
        self.path = backend.path
        self.register_outputs({"path": self.path})
