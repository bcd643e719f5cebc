"""What all of Vault's pods have in common: the Pod Security Standard `restricted` with a read-only root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components import pods

USER = 65532
"""The images' own user, as in distroless ones."""

CONTAINER_SECURITY: Mapping[str, object] = {**pods.CONTAINER_SECURITY, "run_as_non_root": True}

POD_SECURITY: Mapping[str, object] = {
    "run_as_non_root": True,
    "run_as_user": USER,
    "run_as_group": USER,
    "fs_group": USER,
    "fs_group_change_policy": "OnRootMismatch",
    "seccomp_profile": {"type": "RuntimeDefault"},
}


def mounts(paths: Mapping[str, str], read_only: Sequence[str]) -> list[dict[str, object]]:
    """Return volume mounts from volume to path; those in `read_only` can't be written."""
    return [{"name": name, "mount_path": path, "read_only": name in read_only} for name, path in paths.items()]


def attendant(image: pulumi.Input[str], paths: Mapping[str, str], read_only: Sequence[str]) -> dict[str, object]:
    """Return the container beside a server, which tells it of new certificates and renames full audit files."""
    return {
        "name": "attend",
        "image": image,
        "args": ["attend", "--config", "/config/attend.json"],
        "resources": pods.resources("5m", "48Mi"),
        "security_context": CONTAINER_SECURITY,
        "volume_mounts": mounts(paths, read_only),
    }


def server(
    image: pulumi.Input[str],
    files: Sequence[str],
    *,
    environment: Sequence[Mapping[str, object]],
    resources: Mapping[str, object],
    volume_mounts: Sequence[Mapping[str, object]],
) -> dict[str, object]:
    """Return the container of a Vault server that reads the configuration `files`."""
    return {
        "name": "vault",
        "image": image,
        "args": ["server", *(f"-config={file}" for file in files)],
        "env": environment,
        "ports": [{"name": "https", "container_port": 8200}, {"name": "cluster", "container_port": 8201}],
        "resources": resources,
        "security_context": CONTAINER_SECURITY,
        "volume_mounts": volume_mounts,
        # A standby answers requests too, by forwarding them; sealed or not initialised, it answers none.
        "readiness_probe": {**_health("standbyok=true"), "period_seconds": 1, "failure_threshold": 6},
        # A restart opens no seal: sealed is alive.
        "liveness_probe": {
            **_health("standbyok=true&sealedcode=204&uninitcode=204"),
            "initial_delay_seconds": 15,
            "period_seconds": 10,
            "failure_threshold": 6,
        },
    }


def _health(query: str) -> dict[str, object]:
    return {
        "http_get": {"path": f"/v1/sys/health?{query}", "port": "https", "scheme": "HTTPS"},
        "timeout_seconds": 5,
    }


def field(name: str, path: str) -> dict[str, object]:
    """Return an environment variable with something of the pod itself."""
    return {"name": name, "value_from": {"field_ref": {"field_path": path}}}
