"""The typed environment: what one YAML file may say. Nothing here is a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from environments import rules
from environments.constraints import refusals
from environments.egress import Egress
from environments.foundation import Foundation
from environments.foundation_rules import FoundationParts
from environments.part import Part
from environments.policies import Policies
from environments.secrets import Database, Secrets, TeamProject
from environments.service_secrets import ServiceSecret
from environments.special import LOCAL
from environments.vault import Vault
from environments.vocabulary import (
    AtLeastOne,
    ContextName,
    Count,
    CpuQuantity,
    Distinct,
    DnsLabel,
    EnvironmentName,
    Fqdn,
    GroupName,
    ImageReference,
    KubeconfigPath,
    KubernetesVersion,
    Many,
    MemoryQuantity,
    Port,
    RegistryPrefix,
    Replicas,
    RoleArn,
    SecretsProvider,
    Sentence,
    Slug,
    StateBackend,
    WorkspaceName,
)

FOLDER = Path(__file__).resolve().parent
"""The folder of the environment files, which is this package."""


class State(Part):
    """Where Pulumi keeps what it knows, and what encrypts the secrets in it."""

    backend: StateBackend = Field(
        description="Where the state lies: `file` (under `.idp/state`, the local environment only) or an S3 bucket."
    )
    secrets_provider: SecretsProvider = Field(
        description="What encrypts secrets in the state: `passphrase` (the local environment only) or an AWS KMS key."
    )


class Cluster(Part):
    """The Kubernetes cluster that the layers are deployed to."""

    kubeconfig: KubeconfigPath | None = Field(
        default=None,
        description="The kubeconfig file: absolute, from `~/` or relative to this file. Null is the loopback cluster"
        " that `idp local start` runs in the local environment, elsewhere the foundation's cluster.",
    )
    context: ContextName | None = Field(
        default=None, description="The context in the kubeconfig; null is its current context."
    )
    version: KubernetesVersion = Field(
        description="The Kubernetes minor version, in quotes (unquoted it is a number, and 1.30 would be 1.3)."
    )

    def kubeconfig_path(self, folder: Path = FOLDER) -> Path | None:
        """Return the kubeconfig as an absolute path, or None for the loopback cluster or the foundation's.

        `folder` is that of the environment file. Raises RuntimeError where the path starts with `~/` and this
        user has no home folder. Whether the file exists is not looked at.
        """
        if self.kubeconfig is None:
            return None
        return (folder / Path(self.kubeconfig).expanduser()).absolute()


class Platform(Part):
    """What the environment's workspaces share."""

    registries: AtLeastOne[RegistryPrefix] = Field(
        description="The registries that images may come from, as prefixes ending in `/`."
    )
    dns_domain: Fqdn = Field(description="The domain under which the environment's routes get their host names.")
    vault: Vault | None = Field(
        default=None, description="Vault's servers in the cluster; null is none, or somebody else's."
    )


class Access(Part):
    """Who may do what in a workspace: names of the identity provider's groups."""

    readers: Distinct[GroupName] = Field(default=(), description="Groups that may look at everything but secrets.")
    developers: Distinct[GroupName] = Field(default=(), description="Groups that may also deploy and debug.")
    maintainers: Distinct[GroupName] = Field(
        default=(), description="Groups that may also manage roles and secrets of the workspace."
    )


class Quota(Part):
    """The most that all pods of a workspace may ask for together."""

    cpu: CpuQuantity = Field(description="Sum of CPU requests.")
    memory: MemoryQuantity = Field(description="Sum of memory requests.")
    storage: MemoryQuantity = Field(description="Sum of storage requests of all volume claims.")
    pods: Count = Field(description="Number of pods.")
    services: Count = Field(description="Number of Kubernetes services.")


class ContainerDefaults(Part):
    """What a container gets that asks for nothing; a request may not exceed its limit."""

    cpu_request: CpuQuantity = Field(default="50m", description="CPU a container is sure of.")
    memory_request: MemoryQuantity = Field(default="64Mi", description="Memory a container is sure of.")
    cpu_limit: CpuQuantity = Field(default="500m", description="CPU at which a container is slowed down.")
    memory_limit: MemoryQuantity = Field(default="256Mi", description="Memory beyond which a container is ended.")


class Network(Part):
    """The connections that are let through; everything else is denied."""

    ingress_from: Distinct[WorkspaceName] = Field(
        default=(), description="Other workspaces of this file that may connect to this one."
    )
    egress_to: Distinct[Egress] = Field(
        default=(), description="Destinations outside the cluster that this workspace may connect to."
    )


class Service(Part):
    """A service that the platform runs for the team."""

    name: DnsLabel = Field(description="Name of the service, unique in its workspace.")
    image: ImageReference = Field(
        description="The image, from one of `platform.registries`, with a tag other than `latest` or a digest."
    )
    port: Port = Field(description="The TCP port the container listens on.")
    replicas: Replicas = Field(default=1, description="Number of pods.")
    cpu: CpuQuantity = Field(description="CPU request of each pod.")
    memory: MemoryQuantity = Field(description="Memory request and limit of each pod.")
    secrets: Many[ServiceSecret] = Field(
        default=(), description="Files with secrets that each pod gets from Vault, by an agent beside the service."
    )


class Workspace(Part):
    """A team's place in the cluster: a namespace with all that belongs to it."""

    name: WorkspaceName = Field(description="Name of the workspace and its namespace, unique in this file.")
    owner: Slug = Field(description="The team that answers for the workspace.")
    cost_centre: Slug = Field(description="Where its cost is booked.")
    pod_security: Literal["restricted", "baseline"] = Field(
        default="restricted", description="The Pod Security Standard that is enforced."
    )
    access: Access = Field(default=Access(), description="Groups and their roles.")
    quota: Quota = Field(description="The most that the workspace may use.")
    container_defaults: ContainerDefaults = Field(
        default=ContainerDefaults(), description="Requests and limits of containers that name none."
    )
    network: Network = Field(default=Network(), description="Connections that are let through.")
    services: Many[Service] = Field(default=(), description="Services that the platform runs for the team.")
    gitlab_projects: Many[TeamProject] = Field(
        default=(), description="GitLab projects whose pipelines get secrets of the workspace."
    )
    database: Database | None = Field(
        default=None, description="PostgreSQL in which Vault makes users for the team; null is none."
    )
    aws_role_arn: RoleArn | None = Field(
        default=None, description="IAM role that pipelines of protected refs take on through Vault; null is none."
    )


class Environment(Part):
    """One environment, as its file describes it."""

    name: EnvironmentName = Field(description="Name of the environment: the file's name without `.yaml`.")
    description: Sentence = Field(description="What the environment is for, in one line.")
    owner: Slug = Field(description="The team that answers for the environment.")
    cost_centre: Slug = Field(description="Where the environment's own cost is booked.")
    state: State = Field(description="Where Pulumi keeps the state of the environment's stacks.")
    cluster: Cluster = Field(description="The cluster that the layers are deployed to.")
    foundation: Foundation | None = Field(
        default=None, description="What the environment has in an AWS account; null is nothing."
    )
    platform: Platform = Field(description="What the workspaces share.")
    secrets: Secrets | None = Field(default=None, description="What is configured inside Vault; null is nothing.")
    policies: Policies = Field(default=Policies(), description="What the policies enforce here, and what is excused.")
    workspaces: Many[Workspace] = Field(description="The teams' workspaces; the list may be empty.")

    def is_local(self) -> bool:
        """Tell whether this is the environment that lives on a single machine."""
        return self.name == LOCAL

    def people_come_through_cluster(self) -> bool:
        """Tell whether maintainers log in to Vault by way of the cluster, because there is no identity provider."""
        return self.secrets is not None and self.secrets.people is None

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        parts = rules.Parts(
            name=self.name,
            state=self.state,
            cluster=self.cluster,
            foundation=FoundationParts.of(self.foundation),
            has_foundation=self.foundation is not None,
            platform=self.platform,
            secrets=self.secrets,
            has_secrets=self.secrets is not None,
            policies=self.policies,
            workspaces=dict(enumerate(self.workspaces)),
            workspace_names=tuple(workspace.name for workspace in self.workspaces),
        )
        if broken := list(rules.broken(parts)):
            raise refusals("Environment", [(rule.place, rule.value, rule.allowed) for rule in broken])
        return self
