"""The daemons' configuration files, as text."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from idp import files
from idp.loopback.cluster import kubeconfig, network
from idp.loopback.cluster.layout import CONTAINERD_SOCKET, INSIDE, Layout

PAUSE_IMAGE = "idp.local/pause:1"

MIN_FREE = "128Mi"
"""Free disk space and memory below which pods are evicted; the stock 10 % would evict on any well-filled disk."""

KUBECONFIGS = {
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kubelet": "kubelet-client",
    "kube-proxy": "kube-proxy",
    "kube-router": "kube-router",
    "volume-provisioner": "volume-provisioner",
}
"""Daemon to the certificate it logs in with."""


def write(layout: Layout, tools: Mapping[str, Path]) -> None:
    """Write every configuration file below `layout.config`.

    `tools` has the paths of `runc` and `cni` (a folder). Raises OSError.
    """
    layout.config.mkdir(parents=True, exist_ok=True, mode=0o700)
    (layout.config / "cni").mkdir(exist_ok=True)
    texts = {
        "audit.yaml": _json(audit_policy()),
        "admission.yaml": _json(admission()),
        "containerd.toml": containerd(layout, tools),
        "cni/10-bridge.conflist": _json(cni()),
        "kubelet.yaml": _json(kubelet(layout)),
        "kube-proxy.yaml": _json(kube_proxy(layout)),
        "resolv.conf": "",
    }
    for daemon, leaf in KUBECONFIGS.items():
        texts[f"{daemon}.kubeconfig"] = kubeconfig.for_daemon(layout, leaf)
    for name, text in texts.items():
        files.write(layout.config / name, text)
    encryption_file = layout.config / "encryption.yaml"
    if not encryption_file.exists():
        files.write(encryption_file, _json(encryption(secrets.token_bytes(32))))


def audit_policy() -> dict[str, Any]:
    """Return who did what to which object, and never a body: a Secret's content can also sit in a Deployment."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
            {"level": "None", "nonResourceURLs": ["/livez*", "/readyz*", "/healthz*", "/version", "/openapi/*"]},
            {"level": "None", "verbs": ["watch"], "userGroups": ["system:nodes"]},
            {"level": "Metadata"},
        ],
    }


def admission() -> dict[str, Any]:
    """Return the Pod Security defaults of namespaces that carry no label: nothing privileged, warn below restricted."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [
            {
                "name": "PodSecurity",
                "configuration": {
                    "apiVersion": "pod-security.admission.config.k8s.io/v1",
                    "kind": "PodSecurityConfiguration",
                    "defaults": {
                        "enforce": "baseline",
                        "enforce-version": "latest",
                        "audit": "restricted",
                        "audit-version": "latest",
                        "warn": "restricted",
                        "warn-version": "latest",
                    },
                },
            }
        ],
    }


def encryption(key: bytes) -> dict[str, Any]:
    """Return encryption at rest for Secrets with a 32-byte key; without `identity` nothing is read in plain text."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [
            {
                "resources": ["secrets"],
                "providers": [{"secretbox": {"keys": [{"name": "1", "secret": base64.b64encode(key).decode()}]}}],
            }
        ],
    }


def containerd(layout: Layout, tools: Mapping[str, Path]) -> str:
    """Return containerd's configuration (version 2, containerd 1.6 and later 1.x)."""
    runtime = 'plugins."io.containerd.grpc.v1.cri".containerd'
    return f"""version = 2
root = "{INSIDE}/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.opt",
  "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = {_toml(tools["cni"])}
    conf_dir = "{layout.inside(layout.config / "cni")}"
  [{runtime}]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [{runtime}.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [{runtime}.runtimes.runc.options]
        BinaryName = {_toml(tools["runc"])}
"""


def cni() -> dict[str, Any]:
    """Return the pods' network: one bridge, addresses from the node's part of the pod network."""
    return {
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "pods0",
                "isGateway": True,
                "hairpinMode": True,
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": network.NODE_POD_CIDR}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    # On the namespace's tmpfs: after a crash no address stays taken by a pod that is gone.
                    "dataDir": "/run/cni",
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def kubelet(layout: Layout) -> dict[str, Any]:
    """Return a KubeletConfiguration: every request is authenticated and authorised by the API server."""
    serving = layout.inside(layout.pki / "kubelet.pem")
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network.NODE_IP,
        "port": network.KUBELET_PORT,
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True, "cacheTTL": "30s"},
            "x509": {"clientCAFile": layout.inside(layout.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": serving,
        "tlsPrivateKeyFile": serving,
        "tlsMinVersion": "VersionTLS12",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "clusterDNS": [network.DNS_IP],
        "clusterDomain": network.DOMAIN,
        # Empty on purpose: the host's search domains and servers are nothing to pods that cannot reach them.
        "resolvConf": layout.inside(layout.config / "resolv.conf"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.identifier}",
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        # Lowering it takes CAP_SYS_RESOURCE, which containers and CI machines do not have.
        "oomScoreAdj": 0,
        "seccompDefault": True,
        "podPidsLimit": 4096,
        # Images cannot be pulled again: none is ever removed to make room.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": MIN_FREE, "nodefs.available": MIN_FREE, "imagefs.available": MIN_FREE},
        "containerLogMaxSize": "10Mi",
        "containerLogMaxFiles": 2,
        "enableDebuggingHandlers": True,
        "volumePluginDir": str(INSIDE / "kubelet" / "volume-plugins"),
        "podLogsDir": str(INSIDE / "logs" / "pods"),
        "nodeStatusUpdateFrequency": "5s",
    }


def kube_proxy(layout: Layout) -> dict[str, Any]:
    """Return a KubeProxyConfiguration; the kernel's conntrack limits are the host's and left alone."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "bindAddress": network.NODE_IP,
        "hostnameOverride": network.NODE_NAME,
        "clusterCIDR": network.POD_CIDR,
        "clientConnection": {"kubeconfig": layout.inside(layout.config / "kube-proxy.kubeconfig")},
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "nodePortAddresses": ["primary"],
        "oomScoreAdj": 0,
        "iptables": {"minSyncPeriod": "0s"},
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }


def _toml(path: Path | PurePosixPath) -> str:
    # A TOML basic string has JSON's escapes, but no surrogate pairs, and DEL only escaped.
    return json.dumps(str(path), ensure_ascii=False).replace("\x7f", "\\u007f")


def _json(content: Mapping[str, Any]) -> str:
    # JSON is YAML, and its writer is in the standard library.
    return json.dumps(content, indent=2) + "\n"
