"""A pod that does something to Vault, once or at set times, with an identity of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.batch.v1 import CronJob, Job
from pulumi_kubernetes.core.v1 import ConfigMap, ServiceAccount
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from components import pods
from components.vault_server import pod
from components.vault_server.names import CA_BUNDLE, TASK_LABEL

TOKEN_FILE = "/token/vault"  # noqa: S105 (a path)
SNAPSHOTS = "/snapshots"
CA_FILE = "/ca/ca.crt"
NEVER = "0 0 31 12 *"
"""Schedule of a suspended job, which has to say one."""


@dataclass(frozen=True, kw_only=True)
class Right:
    """What the task may do in its namespace; there are no wildcards."""

    resource: str
    """Resource of the core API, such as `secrets`."""
    verbs: Sequence[str]
    """Verbs of the Kubernetes API."""
    names: Sequence[str] = ()
    """Objects; empty are all, which only `create` needs."""


@dataclass(frozen=True, kw_only=True)
class VaultTaskArgs:
    """Arguments of `VaultTask`."""

    namespace: pulumi.Input[str]
    """Vault's namespace."""
    task: str
    """Name of the job, its service account, role and configuration."""
    mode: str
    """Mode of the program `vault-bootstrap`."""
    configuration: pulumi.Input[str]
    """The mode's configuration, JSON; holds no secret. A change of it runs the job again."""
    image: pulumi.Input[str]
    """Image whose entry point is `vault-bootstrap`."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of every object."""
    priority_class: pulumi.Input[str]
    """PriorityClass of the pod."""
    rights: Sequence[Right] = ()
    """What its service account may do."""
    schedule: str | None = None
    """When it runs, in cron's notation (UTC); None is once, now."""
    suspended: bool = False
    """Never by itself: a scheduled job that people start by hand."""
    audience: str | None = None
    """Whom the service account's token in `/token/vault` is made out to; None mounts none."""
    claim: pulumi.Input[str] | None = None
    """PersistentVolumeClaim mounted at /snapshots."""


class VaultTask(pulumi.ComponentResource):
    """Service account, role, configuration, and a job or scheduled job that runs `vault-bootstrap MODE`."""

    service_account: pulumi.Output[str]
    """Name of its service account."""
    finished: pulumi.Output[str]
    """Name of the job, known once it has done its work; of a scheduled one, once it is set up."""

    def __init__(self, name: str, args: VaultTaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:VaultTask", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = {"name": args.task, "namespace": args.namespace, "labels": args.labels}
        account = ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=child)
        ready: list[pulumi.Resource] = [account]
        if args.rights:
            ready.append(_bind(name, metadata, args.rights, account, child))
        ready.append(ConfigMap(name, metadata=metadata, data={"config.json": args.configuration}, opts=child))
        after = pulumi.ResourceOptions(parent=self, depends_on=ready)
        if args.schedule is None:
            # A job that failed is run anew by the next update, rather than waited for for ever.
            again = {**metadata, "annotations": {"pulumi.com/replaceUnready": "true"}}
            job = Job(name, metadata=again, spec=_job(args), opts=after)
            # The name alone is known before the job has even begun.
            self.finished = pulumi.Output.all(job.metadata.name, job.status).apply(lambda known: str(known[0]))
        else:
            scheduled = CronJob(name, metadata=metadata, spec=_scheduled(args, args.schedule), opts=after)
            self.finished = scheduled.metadata.name
        self.service_account = account.metadata.name
        self.register_outputs({"service_account": self.service_account, "finished": self.finished})


def _bind(
    name: str,
    metadata: Mapping[str, object],
    rights: Sequence[Right],
    account: ServiceAccount,
    opts: pulumi.ResourceOptions,
) -> RoleBinding:
    role = Role(name, metadata=metadata, rules=[_rule(right) for right in rights], opts=opts)
    return RoleBinding(
        name,
        metadata=metadata,
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name},
        subjects=[
            {"kind": "ServiceAccount", "name": account.metadata.name, "namespace": account.metadata.namespace},
        ],
        opts=opts,
    )


def _rule(right: Right) -> dict[str, object]:
    named = {"resource_names": list(right.names)} if right.names else {}
    return {"api_groups": [""], "resources": [right.resource], "verbs": list(right.verbs), **named}


def _scheduled(args: VaultTaskArgs, schedule: str) -> dict[str, object]:
    return {
        "schedule": schedule,
        "time_zone": "Etc/UTC",
        "suspend": args.suspended,
        "concurrency_policy": "Forbid",
        "starting_deadline_seconds": 3600,
        "successful_jobs_history_limit": 1,
        "failed_jobs_history_limit": 3,
        "job_template": {"metadata": {"labels": args.labels}, "spec": _job(args)},
    }


def _job(args: VaultTaskArgs) -> dict[str, object]:
    text = pulumi.Output.from_input(args.configuration)
    return {
        "backoff_limit": 4,
        "active_deadline_seconds": 1200,
        # 2 and 3 are a wrong call and a state for a person to decide on: no repetition helps.
        "pod_failure_policy": {
            "rules": [{"action": "FailJob", "on_exit_codes": {"operator": "In", "values": [2, 3]}}],
        },
        "template": {
            "metadata": {
                "labels": {**args.labels, "app.kubernetes.io/name": args.task, TASK_LABEL: args.mode},
                "annotations": {"idp/configuration": text.apply(pods.digest)},
            },
            "spec": _pod(args),
        },
    }


def _pod(args: VaultTaskArgs) -> dict[str, object]:
    volumes = _volumes(args)
    paths = {"config": "/config", "ca": "/ca", "scratch": "/tmp", "token": "/token", "snapshots": SNAPSHOTS}  # noqa: S108
    return {
        "service_account_name": args.task,
        "automount_service_account_token": bool(args.rights),
        "enable_service_links": False,
        "priority_class_name": args.priority_class,
        "restart_policy": "Never",
        "security_context": pod.POD_SECURITY,
        "volumes": [{"name": volume, **source} for volume, source in volumes.items()],
        "containers": [
            {
                "name": "task",
                "image": args.image,
                "args": [args.mode, "--config", "/config/config.json"],
                "resources": pods.resources("20m", "128Mi"),
                "security_context": pod.CONTAINER_SECURITY,
                "volume_mounts": pod.mounts({volume: paths[volume] for volume in volumes}, ("config", "ca", "token")),
            }
        ],
    }


def _volumes(args: VaultTaskArgs) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {
        "config": {"config_map": {"name": args.task}},
        # Whoever makes the authority runs before there is one.
        "ca": {"config_map": {"name": CA_BUNDLE, "optional": True}},
        "scratch": {"empty_dir": {"size_limit": "4Gi"}},
    }
    if args.audience is not None:
        token = {"audience": args.audience, "expiration_seconds": 600, "path": "vault"}
        found["token"] = {"projected": {"sources": [{"service_account_token": token}]}}
    if args.claim is not None:
        found["snapshots"] = {"persistent_volume_claim": {"claim_name": args.claim}}
    return found
