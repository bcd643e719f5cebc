"""A real one-node Kubernetes cluster on one Linux machine, in a network namespace of its own."""

from __future__ import annotations

from idp.loopback.cluster.cluster import LocalCluster
from idp.loopback.cluster.images import Contents
from idp.loopback.cluster.network import Forward
from idp.loopback.cluster.status import ComponentStatus, Status

__all__ = ["ComponentStatus", "Contents", "Forward", "LocalCluster", "Status"]
