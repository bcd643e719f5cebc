"""Addresses and ports of the cluster, all private to its network namespace.

Two clusters on one machine use the same ones: neither can see the other.
"""

from __future__ import annotations

from dataclasses import dataclass

NODE_NAME = "idp-local"
DOMAIN = "cluster.local"

NODE_IP = "10.100.0.1"
NODE_PREFIX = 24
SERVICE_CIDR = "10.96.0.0/16"
POD_CIDR = "10.244.0.0/16"
NODE_POD_CIDR = "10.244.0.0/24"
"""The only node's part of POD_CIDR: kube-controller-manager hands out /24 in order."""

API_SERVICE_IP = "10.96.0.1"
"""The first address of SERVICE_CIDR: the API server takes it for its own Service `kubernetes`."""
DNS_IP = "10.96.0.10"

API_PORT = 6443
ETCD_PORT = 2379
ETCD_PEER_PORT = 2380
KUBELET_PORT = 10250
KUBE_ROUTER_HEALTH_PORT = 20244

API_ADDRESS = f"{NODE_IP}:{API_PORT}"
API_URL = f"https://{API_ADDRESS}"


@dataclass(frozen=True)
class Forward:
    """One way into the cluster: a port on 127.0.0.1 of the host."""

    name: str
    """What it is for; the chosen port is remembered under this name."""
    target: str
    """`IP:PORT` dialled inside the cluster's namespace: a Service or the node."""
    port: int | None = None
    """The port on 127.0.0.1, an error if it is taken; None lets a free one be chosen and kept."""


API_FORWARD = Forward("api", API_ADDRESS)
