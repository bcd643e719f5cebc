"""How pods log in, and people where no identity provider knows them: with a service account's token for Vault alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.vault import paths, policies

TOKEN_SECONDS = 1200
LONGEST_SECONDS = 14400
"""Life of a pod's token, and how long it can be renewed: an agent logs in again by itself, a thief can't for long."""

PEOPLE_SECONDS = 900
"""Life of a person's token, which can't be renewed: a command asks for one and ends it."""


@dataclass(frozen=True, kw_only=True)
class KubernetesLoginArgs:
    """Arguments of `KubernetesLogin`."""

    workspaces: Sequence[str]
    """Names of the workspaces, which are those of their namespaces."""
    service_account: str
    """Account that workloads run as, in each of them."""
    people_account: str | None = None
    """Account, in each of them, with whose tokens maintainers log in; None where an identity provider lets them in."""
    path: str = paths.KUBERNETES
    """Mount of the auth method."""
    host: pulumi.Input[str] = "https://kubernetes.default.svc"
    """API server that tokens are shown to."""
    ca_certificate: pulumi.Input[str] | None = None
    """Its authority (PEM); None is that of the pod Vault runs in, whose own token then asks, too."""


class KubernetesLogin(pulumi.ComponentResource):
    """Kubernetes auth method `kubernetes`, with a role for each workspace, bound to its namespace and account.

    Where people come through the cluster, too, there is a second one for each workspace's maintainers.

    Vault keeps no token of a reviewer: outside the cluster, it shows each pod's token with that same token.
    """

    path: pulumi.Output[str]
    """Mount of the auth method."""

    def __init__(self, name: str, args: KubernetesLoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:KubernetesLogin", name, {}, opts)
        self._name = name
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
            self._role(backend, "pod", workspace, args.service_account, (TOKEN_SECONDS, LONGEST_SECONDS))
            if args.people_account is not None:
                self._role(backend, "maintainer", workspace, args.people_account, (PEOPLE_SECONDS, PEOPLE_SECONDS))
        self.path = backend.path
        self.register_outputs({"path": self.path})

    def _role(
        self, backend: vault.AuthBackend, kind: str, workspace: str, account: str, seconds: tuple[int, int]
    ) -> None:
        role = policies.name(kind, workspace)
        vault.kubernetes.AuthBackendRole(
            f"{self._name}-{role}",
            backend=backend.path,
            role_name=role,
            bound_service_account_namespaces=[workspace],
            bound_service_account_names=[account],
            audience=paths.AUDIENCE,
            token_policies=[role],
            token_ttl=seconds[0],
            token_explicit_max_ttl=seconds[1],
            opts=pulumi.ResourceOptions(parent=self),
        )
