"""What Vault's pods may do in AWS: unseal with the key, save snapshots, put one back; an identity for each.

By EKS Pod Identity rather than by roles for service accounts (IRSA). Its association lies beside the role, so that
the layer that makes Kubernetes objects needs no ARN and no annotation. Its trust policy names cluster, namespace and
service account in plain words; IRSA's names an OIDC provider, which a cluster that is made anew has no more and an
adopted one need not have. And the agent on the pod's own node, an add-on of ours already, hands the credentials out: a
pod needs no way to STS, only one to 169.254.170.23, port 80 (docs.aws.amazon.com/eks, How EKS Pod Identity works).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks, iam

from components.aws.iam import ROLE_PATH, Statement, document, trust_pods_of
from components.vault_server.names import RESTORE, SERVER, SNAPSHOT

PREFIX = "vault/"
"""Beginning of the name of each snapshot in the bucket, as `SnapshotBucket` has it."""


@dataclass(frozen=True, kw_only=True)
class VaultAccessArgs:
    """Arguments of `VaultAccess`."""

    account_id: pulumi.Input[str]
    """Account of all of them."""
    region: str
    """Region of bucket and keys."""
    cluster_name: pulumi.Input[str]
    """Cluster whose pods get the roles; it needs the Pod Identity agent."""
    namespace: str
    """Vault's namespace."""
    unseal_key_arn: pulumi.Input[str]
    """Key that Vault unseals with; its own policy leaves it to the account's policies who may."""
    bucket: pulumi.Input[str]
    """Bucket of the snapshots."""
    bucket_key_arn: pulumi.Input[str]
    """Key that encrypts the bucket."""
    permissions_boundary_arn: pulumi.Input[str] | None = None
    """The most that the roles may ever do; a deploying pipeline can make no role without."""


class VaultAccess(pulumi.ComponentResource):
    """A role for the servers, one for saving and one for restoring snapshots, each for one service account."""

    server_role_arn: pulumi.Output[str]
    """Role of the servers."""
    snapshot_role_arn: pulumi.Output[str]
    """Role of the job that saves."""
    restore_role_arn: pulumi.Output[str]
    """Role of the job that puts back."""

    def __init__(self, name: str, args: VaultAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultAccess", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.server_role_arn = self._identity(SERVER, [_unseal(args)])
        self.snapshot_role_arn = self._identity(SNAPSHOT, _save(args))
        self.restore_role_arn = self._identity(RESTORE, _restore(args))
        self.register_outputs(
            {
                "server_role_arn": self.server_role_arn,
                "snapshot_role_arn": self.snapshot_role_arn,
                "restore_role_arn": self.restore_role_arn,
            }
        )

    def _identity(self, service_account: str, rights: Sequence[Statement]) -> pulumi.Output[str]:
        """Return the ARN of a role with these rights, and give it to pods of the service account."""
        args, name = self._args, f"{self._name}-{service_account}"
        role = iam.Role(
            name,
            path=ROLE_PATH,
            permissions_boundary=args.permissions_boundary_arn,
            assume_role_policy=trust_pods_of(args.account_id, args.cluster_name, args.namespace, service_account),
            opts=self._child,
        )
        policy = iam.RolePolicy(name, role=role.name, policy=document(*rights), opts=self._child)
        eks.PodIdentityAssociation(
            name,
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=service_account,
            role_arn=role.arn,
            # Whoever gets the role needs its rights from the beginning: Vault gives up unsealing when refused.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        return role.arn


def _unseal(args: VaultAccessArgs) -> Statement:
    """Return what Vault's seal `awskms` calls (developer.hashicorp.com/vault, AWS KMS seal, Authentication)."""
    return Statement(
        sid="Unseal", actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"], resources=[args.unseal_key_arn]
    )


def _save(args: VaultAccessArgs) -> list[Statement]:
    """Return what it takes to put an object in one request; it can neither read snapshots nor list nor delete them."""
    return [
        Statement(sid="Save", actions=["s3:PutObject"], resources=[_snapshots(args)]),
        _crypt("Encrypt", "kms:GenerateDataKey", args),
    ]


def _restore(args: VaultAccessArgs) -> list[Statement]:
    return [
        Statement(
            sid="Find",
            actions=["s3:ListBucket"],
            resources=[pulumi.Output.format("arn:aws:s3:::{0}", args.bucket)],
            conditions={"StringEquals": {"s3:prefix": PREFIX}},
        ),
        Statement(sid="Read", actions=["s3:GetObject"], resources=[_snapshots(args)]),
        _crypt("Decrypt", "kms:Decrypt", args),
    ]


def _snapshots(args: VaultAccessArgs) -> pulumi.Output[str]:
    return pulumi.Output.format("arn:aws:s3:::{0}/{1}*", args.bucket, PREFIX)


def _crypt(sid: str, action: str, args: VaultAccessArgs) -> Statement:
    """Return what S3 does with the bucket's key on behalf of the caller (docs.aws.amazon.com/AmazonS3, SSE-KMS)."""
    return Statement(
        sid=sid,
        actions=[action],
        resources=[args.bucket_key_arn],
        conditions={"StringEquals": {"kms:ViaService": f"s3.{args.region}.amazonaws.com"}},
    )
