"""The first initialisation of Vault, after which nobody holds a root token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.vault_server.names import DEPLOY, RECORD, ROTATE_SEAL, SNAPSHOT, addresses
from components.vault_server.task import CA_FILE, Right, VaultTask, VaultTaskArgs

LOGIN: Mapping[str, str] = {"ttl": "15m", "max_ttl": "1h"}
"""Of a login as the deploy identity: an update of all layers takes minutes."""


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Somebody who holds one of the recovery keys."""

    name: pulumi.Input[str]
    """Who it is."""
    public_key: pulumi.Input[str]
    """OpenPGP public key, binary, in base64: `gpg --export ADDRESS | base64 -w0`."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """An external plugin that the administrative login needs, where the image has it not built in."""

    kind: pulumi.Input[str]
    """`auth`, `database` or `secret`."""
    name: pulumi.Input[str]
    """Name under which it is mounted, such as `kubernetes`."""
    command: pulumi.Input[str]
    """File in the image's folder of plugins."""
    sha256: pulumi.Input[str]
    """Checksum of that file, 64 hex digits: Vault runs no other."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """The deploy pipeline, which logs in with a GitLab `id_token`."""

    issuer: pulumi.Input[str]
    """GitLab's address, `https://gitlab.example`."""
    audience: pulumi.Input[str]
    """What the job names as `aud` of its token."""
    claims: Mapping[str, object]
    """Claims that must all match, such as `project_path`, `ref`, `ref_type` and `ref_protected`; of a list, one."""
    authority: pulumi.Input[str] = ""
    """CA that issued GitLab's own certificate, PEM; empty is the CAs that the server's image knows."""


@dataclass(frozen=True, kw_only=True)
class VaultBootstrapArgs:
    """Arguments of `VaultBootstrap`."""

    namespace: pulumi.Input[str]
    """Vault's namespace."""
    image: pulumi.Input[str]
    """Image whose entry point is `vault-bootstrap`."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of every object."""
    priority_class: pulumi.Input[str]
    """PriorityClass of the pod."""
    deploy_policy: pulumi.Input[str]
    """Policy document of the deploy identity: all that the layer `secrets` does."""
    replicas: int = 3
    """Number of servers, as of `VaultServer`."""
    keepers: Sequence[Keeper] = ()
    """Who holds the recovery keys, a key each."""
    threshold: int = 1
    """How many keepers together can make a new root token: 2 or more where there are several."""
    unguarded: bool = False
    """Do without keepers: the one recovery key lies in a Secret in plain text. For `local` only."""
    plugins: Sequence[Plugin] = ()
    """Plugins to register first."""
    pipeline: Pipeline | None = None
    """Another way to log in as the deploy identity, besides its service account."""
    kubernetes_host: pulumi.Input[str] = "https://kubernetes.default.svc"
    """The API server as Vault sees it."""


class VaultBootstrap(pulumi.ComponentResource):
    """A job that initialises Vault once, makes the administrative login `idp-deploy`, and revokes the root token.

    Running it again changes nothing. After a crash it goes on, or ends with what a person must do (docs/vault.md).
    """

    deploy_account: pulumi.Output[str]
    """Service account that may log in to configure Vault."""

    def __init__(self, name: str, args: VaultBootstrapArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultBootstrap", name, {}, opts)
        _check(args)
        child = pulumi.ResourceOptions(parent=self)
        account = ServiceAccount(
            f"{name}-deploy",
            metadata={"name": DEPLOY, "namespace": args.namespace, "labels": args.labels},
            automount_service_account_token=False,
            opts=child,
        )
        VaultTask(
            f"{name}-initialise",
            VaultTaskArgs(
                namespace=args.namespace,
                task="vault-initialise",
                mode="initialise",
                configuration=pulumi.Output.json_dumps(settings(args), sort_keys=True),
                image=args.image,
                labels=args.labels,
                priority_class=args.priority_class,
                rights=[
                    Right(resource="secrets", verbs=["create"]),
                    Right(resource="secrets", verbs=["get", "update"], names=[RECORD]),
                    # To prove that the login works while there is still a root token.
                    Right(resource="serviceaccounts/token", verbs=["create"], names=[DEPLOY]),
                ],
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[account]),
        )
        self.deploy_account = account.metadata.name
        self.register_outputs({"deploy_account": self.deploy_account})


def settings(args: VaultBootstrapArgs) -> dict[str, object]:
    """Return the program's configuration, which the restore needs too."""
    return {
        "namespace": args.namespace,
        "labels": args.labels,
        "addresses": pulumi.Output.from_input(args.namespace).apply(lambda known: addresses(known, args.replicas)),
        "ca": CA_FILE,
        "record": RECORD,
        "keepers": [{"name": keeper.name, "public_key": keeper.public_key} for keeper in args.keepers],
        "threshold": args.threshold,
        "unguarded": args.unguarded,
        "plugins": [_plugin(plugin) for plugin in args.plugins],
        "kubernetes_host": args.kubernetes_host,
        "deploy": {"name": DEPLOY, **LOGIN},
        "deploy_policy": args.deploy_policy,
        "snapshots": {"name": SNAPSHOT, **LOGIN},
        "rotations": {"name": ROTATE_SEAL, **LOGIN},
        "pipeline": None if args.pipeline is None else _pipeline(args.pipeline),
    }


def _check(args: VaultBootstrapArgs) -> None:
    if bool(args.keepers) == args.unguarded:
        raise ValueError("keepers: either name some, or allow none with unguarded")
    allowed = range(min(2, len(args.keepers)), len(args.keepers) + 1)
    if args.keepers and args.threshold not in allowed:
        raise ValueError(f"threshold: {args.threshold} is not allowed: {allowed[0]} to {allowed[-1]}")


def _plugin(plugin: Plugin) -> dict[str, object]:
    return {"type": plugin.kind, "name": plugin.name, "command": plugin.command, "sha256": plugin.sha256}


def _pipeline(pipeline: Pipeline) -> dict[str, object]:
    told = {"issuer": pipeline.issuer, "authority": pipeline.authority, "audience": pipeline.audience}
    return {**told, "claims": pipeline.claims, **LOGIN}
