"""The optional part `platform.vault` of an environment: the servers that the platform runs."""

from __future__ import annotations

from pydantic import Field

from environments.egress import Egress
from environments.part import Part
from environments.vocabulary import (
    CpuQuantity,
    Distinct,
    ImageReference,
    KeyThreshold,
    Many,
    MemoryQuantity,
    OpenpgpKey,
    Slug,
    VaultReplicas,
)


class Keeper(Part):
    """Somebody who holds one of the recovery keys, which only they can read."""

    name: Slug = Field(description="Who it is, unique in the list.")
    public_key: OpenpgpKey = Field(
        description="Their OpenPGP public key: what `gpg --export ADDRESS | base64 -w0` prints."
    )


class Vault(Part):
    """Vault's servers in the cluster."""

    image: ImageReference = Field(description="The server, from one of `platform.registries`; it speaks Vault's API.")
    bootstrap_image: ImageReference = Field(
        description="What initialises, saves and restores (tools/vault-bootstrap), from the same registries."
    )
    replicas: VaultReplicas = Field(
        default=3, description="Number of servers: 3 survive the loss of one, 5 that of two; 1 is for `local`."
    )
    cpu: CpuQuantity = Field(default="250m", description="CPU that each server is promised.")
    memory: MemoryQuantity = Field(default="512Mi", description="Memory that each server is promised, and its limit.")
    keepers: Many[Keeper] = Field(
        default=(), description="Who holds the recovery keys; only `local` may do without, its key lies in a Secret."
    )
    threshold: KeyThreshold = Field(
        default=1, description="How many keepers together can make a root token: 2 or more where there are several."
    )
    egress_to: Distinct[Egress] = Field(
        default=(),
        description="What Vault must reach outside the cluster: the API server, KMS, GitLab, the identity provider.",
    )
