"""What each layer exports, as types: the next layer reads them by attribute, never by a string of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

import pulumi

from stacks.layers import PROJECT


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Base of a layer's outputs: a field is an export of the stack, under the field's name."""

    LAYER: ClassVar[str]


@dataclass(frozen=True, kw_only=True)
class FoundationOutputs(Outputs):
    """What the `foundation` layer offers to the layers above, and to people."""

    LAYER: ClassVar[str] = "foundation"

    cluster_name: pulumi.Output[str]
    """Name of the EKS cluster."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig of the cluster, as text or as a path; holds no credentials."""
    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    vpc_cidr: pulumi.Output[str]
    """The VPC's (first) IPv4 range: in it lie the API server's private endpoint and those of AWS' services but S3."""
    registry_urls: pulumi.Output[Mapping[str, str]]
    """Repository -> address for push and pull."""
    name_servers: pulumi.Output[Sequence[str]]
    """Servers that the parent zone must delegate to."""
    certificate_arn: pulumi.Output[str]
    """Wildcard certificate for the load balancer."""
    bucket_names: pulumi.Output[Mapping[str, str]]
    """Purpose -> bucket."""
    key_arns: pulumi.Output[Mapping[str, str]]
    """Purpose -> KMS key."""
    preview_role_arn: pulumi.Output[str]
    """Role of merge requests' pipelines."""
    deploy_role_arn: pulumi.Output[str]
    """Role of protected branches' pipelines."""


@dataclass(frozen=True, kw_only=True)
class PlatformOutputs(Outputs):
    """What the `platform` layer offers to the layers above."""

    LAYER: ClassVar[str] = "platform"

    kubeconfig: pulumi.Output[str]
    """Kubeconfig of the cluster that it stands on, as text or as a path; holds no credentials of the foundation's."""
    namespaces: pulumi.Output[Sequence[str]]
    """Names of the platform's own namespaces."""
    workspace_priority_class: pulumi.Output[str]
    """Name of the PriorityClass that workloads of teams use."""
    vault_address: pulumi.Output[str]
    """Where pods reach Vault, `https://vault.NAMESPACE.svc:8200`; empty where the platform runs none."""
    vault_ca: pulumi.Output[str]
    """Certificates that Vault's clients trust (PEM); empty where the platform runs none."""


@dataclass(frozen=True, kw_only=True)
class WorkspacesOutputs(Outputs):
    """What the `workspaces` layer offers to people and tools."""

    LAYER: ClassVar[str] = "workspaces"

    workspaces: pulumi.Output[Sequence[str]]
    """Names of the teams' namespaces."""
    services: pulumi.Output[Sequence[str]]
    """Addresses of the teams' services inside the cluster, `http://NAME.NAMESPACE.svc:PORT`."""


@dataclass(frozen=True, kw_only=True)
class SecretsOutputs(Outputs):
    """What the `secrets` layer offers to people and tools: where things are in Vault, and nothing that is in them."""

    LAYER: ClassVar[str] = "secrets"

    audience: pulumi.Output[str]
    """What a job's `id_tokens` must name as `aud`."""
    gitlab_login: pulumi.Output[str]
    """Mount at which jobs log in, with roles `job-TEAM` and `protected-job-TEAM`; empty where none does."""
    kubernetes_login: pulumi.Output[str]
    """Mount at which pods log in, with roles `pod-TEAM`."""
    kv_mounts: pulumi.Output[Mapping[str, str]]
    """Workspace -> mount of its versioned secrets."""
    transit_mounts: pulumi.Output[Mapping[str, str]]
    """Workspace -> mount of its key."""
    database_mounts: pulumi.Output[Mapping[str, str]]
    """Workspace -> mount of its database's users, for those with a database."""
    aws_mounts: pulumi.Output[Mapping[str, str]]
    """Workspace -> mount of its AWS sessions, for those with a role."""
    certificates: pulumi.Output[str]
    """Path at which the platform's servers get certificates."""
    root_certificate: pulumi.Output[str]
    """Certificate that clients of those servers trust (PEM)."""


T = TypeVar("T", bound=Outputs)


def export(outputs: Outputs) -> None:
    """Export each field of `outputs` from the running stack."""
    for field in fields(outputs):
        pulumi.export(field.name, getattr(outputs, field.name))


def read(kind: type[T], environment: str) -> T:
    """Return the outputs of another layer of `environment`.

    A missing stack or output fails the program with the stack's and the output's name.
    """
    name = f"{environment}.{kind.LAYER}"
    stack = pulumi.StackReference(f"organization/{PROJECT}/{name}")
    return kind(**{field.name: _required(stack, name, field.name) for field in fields(kind)})


def _required(stack: pulumi.StackReference, name: str, output: str) -> pulumi.Output[Any]:
    def there(value: object) -> object:
        if value is None:
            # Not `require_output`: all it says is KeyError.
            raise pulumi.RunError(f"{name}: output {output!r} is missing; bring that layer up first")
        return value

    return stack.get_output(output).apply(there)
