"""Who gives way when the nodes are full."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.scheduling.v1 import PriorityClass

from components.labels import Ownership

PLATFORM, WORKSPACE, EPHEMERAL = 1_000_000, 1_000, 100
"""Higher goes first; user classes end at 1,000,000,000 (kubernetes.io/docs, Pod Priority and Preemption)."""


@dataclass(frozen=True, kw_only=True)
class PriorityClassesArgs:
    """Arguments of `PriorityClasses`."""

    ownership: Ownership
    """Who answers for them and who pays."""


class PriorityClasses(pulumi.ComponentResource):
    """Three classes: the platform's own parts, the teams' workloads, and ephemeral ones, which never preempt."""

    platform: pulumi.Output[str]
    """Class of the platform's own parts."""
    workspace: pulumi.Output[str]
    """Class of the teams' workloads."""
    ephemeral: pulumi.Output[str]
    """Class of ephemeral environments; they wait for room and never evict another pod."""

    def __init__(self, name: str, args: PriorityClassesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:PriorityClasses", name, {}, opts)
        self._labels = args.ownership.labels()
        self.platform = self._priority_class(name, "platform", PLATFORM, "PreemptLowerPriority")
        self.workspace = self._priority_class(name, "workspace", WORKSPACE, "PreemptLowerPriority")
        self.ephemeral = self._priority_class(name, "ephemeral", EPHEMERAL, "Never")
        self.register_outputs({"platform": self.platform, "workspace": self.workspace, "ephemeral": self.ephemeral})

    def _priority_class(self, name: str, kind: str, value: int, preemption: str) -> pulumi.Output[str]:
        made = PriorityClass(
            f"{name}-{kind}",
            # Cluster-scoped: the instance's name keeps two instances apart.
            metadata={"name": f"{name}-{kind}", "labels": self._labels},
            value=value,
            preemption_policy=preemption,
            description=f"Workloads of the kind {kind}, higher values first",
            opts=pulumi.ResourceOptions(parent=self),
        )
        return made.metadata.name
