"""Names of what belongs together without being declared together, and the addresses that follow from them.

All are inside one namespace, and fixed: clients, policies and runbooks refer to them.
"""

from __future__ import annotations

from collections.abc import Sequence

SERVER = "vault"
"""StatefulSet, its pods' label, and the Service of whichever server is active."""
INTERNAL = "vault-internal"
"""The headless Service, by which servers find each other before they are ready."""
STANDBY = "vault-standby"
SEAL = "vault-seal"
"""StatefulSet, label and Service of the Vault that seals the other one, and the Secret with what seals it."""
SEAL_KEYS = "vault-seal-keys"

AUTHORITY = "vault-authority"
"""Secret with the certificate authority and its key; only the program that issues certificates may read it."""
CA_BUNDLE = "vault-ca"
"""ConfigMap with `ca.crt`."""
SERVER_TLS = "vault-tls"
SEAL_TLS = "vault-seal-tls"

RECORD = "vault-bootstrap"
"""Secret with how far the initialisation has come, and the keepers' encrypted recovery keys."""

DEPLOY = "idp-deploy"
"""Service account, role and policy of who configures Vault."""
SNAPSHOT = "vault-snapshot"
"""Service account that saves snapshots."""
RESTORE = "vault-restore"
"""Service account that puts a snapshot back."""

PORT = 8200
CLUSTER_PORT = 8201
"""Between servers; Vault secures it with keys of its own."""

NAME_LABEL = "app.kubernetes.io/name"
TASK_LABEL = "idp/vault-task"
"""On pods that do something to Vault: initialise, save, restore."""


def addresses(namespace: str, replicas: int) -> list[str]:
    """Return the address of each server."""
    return [f"https://{SERVER}-{number}.{INTERNAL}.{namespace}.svc:{PORT}" for number in range(replicas)]


def server_names(namespace: str) -> Sequence[str]:
    """Return what the servers' certificate is for; a wildcard, so that one serves any number of replicas."""
    services = [f"{name}.{namespace}.svc" for name in (SERVER, STANDBY)]
    return [*services, *(f"{name}.cluster.local" for name in services), f"*.{INTERNAL}.{namespace}.svc", *_LOOPBACK]


def seal_names(namespace: str) -> Sequence[str]:
    """Return what the sealing Vault's certificate is for."""
    return [f"{SEAL}.{namespace}.svc", *_LOOPBACK]


_LOOPBACK = ("localhost", "127.0.0.1")
"""From inside a pod, and through a forwarded port."""
