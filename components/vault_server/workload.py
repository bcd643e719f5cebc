"""The StatefulSet of Vault servers, whether many or the one that seals the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.vault_server import pod
from components.vault_server.names import NAME_LABEL

ONE_VOLUME = ("ReadWriteOnce",)


def claim(name: str, size: pulumi.Input[str], storage_class: pulumi.Input[str] | None) -> dict[str, Any]:
    """Return the template of a volume that each replica has of its own; without a class, the cluster's default."""
    kind = {} if storage_class is None else {"storage_class_name": storage_class}
    return {
        "metadata": {"name": name},
        "spec": {"access_modes": list(ONE_VOLUME), "resources": {"requests": {"storage": size}}, **kind},
    }


def stateful_set(
    name: str,
    service: str,
    replicas: int,
    claims: Sequence[Mapping[str, Any]],
    template: Mapping[str, Any],
    labels: Mapping[str, pulumi.Input[str]],
) -> dict[str, Any]:
    """Return the spec of a StatefulSet that keeps its volumes, whatever happens to it."""
    selector = {NAME_LABEL: name}
    return {
        "replicas": replicas,
        "service_name": service,
        # Servers that wait for one another can't be started one by one.
        "pod_management_policy": "Parallel",
        "selector": {"match_labels": selector},
        "persistent_volume_claim_retention_policy": {"when_deleted": "Retain", "when_scaled": "Retain"},
        "volume_claim_templates": [
            {**one, "metadata": {**one["metadata"], "labels": {**labels, **selector}}} for one in claims
        ],
        "template": template,
    }


def spec(
    service_account: pulumi.Input[str],
    priority_class: pulumi.Input[str],
    volumes: Mapping[str, Mapping[str, Any]],
    containers: Sequence[Mapping[str, Any]],
    **more: object,
) -> dict[str, Any]:
    """Return the spec of a server's pod; its containers see each other's processes."""
    return {
        "service_account_name": service_account,
        "enable_service_links": False,
        "priority_class_name": priority_class,
        "share_process_namespace": True,
        # Vault gives up leadership and closes its storage within a few seconds.
        "termination_grace_period_seconds": 30,
        "security_context": pod.POD_SECURITY,
        "volumes": [{"name": name, **source} for name, source in volumes.items()],
        "containers": containers,
        **more,
    }


def secret(name: pulumi.Input[str]) -> dict[str, Any]:
    """Return a volume of a Secret that only the servers' own group may read."""
    return {"secret": {"secret_name": name, "default_mode": 0o440}}
