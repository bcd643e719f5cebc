"""What the platform's pods have in common, whatever runs in them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pulumi

CONTAINER_SECURITY: Mapping[str, object] = {
    "allow_privilege_escalation": False,
    "read_only_root_filesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""What the Pod Security Standard `restricted` wants of a container, and a root that can't be written."""


def resources(cpu: pulumi.Input[str], memory: pulumi.Input[str]) -> dict[str, object]:
    """Return requests, and the same memory as limit."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}


def digest(text: str) -> str:
    """Return what changes with a configuration: as an annotation of a pod it makes another pod of it."""
    return hashlib.sha256(text.encode()).hexdigest()
