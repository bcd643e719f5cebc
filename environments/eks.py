"""What EKS runs: Kubernetes versions, the add-on versions pinned for each, and the addresses of services."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SERVICE_RANGE = "172.20.0.0/16"
"""Addresses of Kubernetes services in a cluster that the foundation creates; no VPC may overlap them."""

_EVERYWHERE = {
    "vpc-cni": "v1.20.4-eksbuild.1",
    "aws-ebs-csi-driver": "v1.54.0-eksbuild.1",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.2",
}

SUPPORTED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "1.32": {**_EVERYWHERE, "coredns": "v1.11.4-eksbuild.22", "kube-proxy": "v1.32.9-eksbuild.2"},
        "1.33": {**_EVERYWHERE, "coredns": "v1.12.3-eksbuild.1", "kube-proxy": "v1.33.5-eksbuild.2"},
        "1.34": {**_EVERYWHERE, "coredns": "v1.12.4-eksbuild.1", "kube-proxy": "v1.34.1-eksbuild.2"},
    }
)
"""Kubernetes minor version -> add-on -> its exact version.

From the tables of the EKS user guide (docs.aws.amazon.com/eks/latest/userguide: managing-coredns, managing-kube-proxy,
managing-vpc-cni). `aws eks describe-addon-versions --kubernetes-version VERSION` lists what a region has.
"""
