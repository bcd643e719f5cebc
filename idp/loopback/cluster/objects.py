"""What the cluster's start itself puts into the API server: rights of the daemons, DNS, the storage class."""

from __future__ import annotations

import hashlib
from typing import Any

from idp.loopback.cluster import network
from idp.loopback.cluster.archive import NOBODY

SYSTEM = "kube-system"
DNS_PORT = 53
"""The pod's own port, too: network policies see the packet after its destination was rewritten to the pod's."""
DNS_LABELS = {"k8s-app": "kube-dns"}

COREFILE = f"""\
{network.DOMAIN}:{DNS_PORT} in-addr.arpa:{DNS_PORT} ip6.arpa:{DNS_PORT} {{
    errors
    health :8080 {{
        lameduck 1s
    }}
    ready :8181
    kubernetes {network.DOMAIN} in-addr.arpa ip6.arpa {{
        ttl 5
    }}
    cache 5
    loadbalance
}}
.:{DNS_PORT} {{
    errors
    template ANY ANY . {{
        rcode NXDOMAIN
    }}
}}
"""
"""Nothing is forwarded: there is no way out of the cluster, so every other name does not exist.

Two blocks, because CoreDNS always asks `template` before `kubernetes`.
"""

Manifest = dict[str, Any]


def rights() -> list[Manifest]:
    """Return the rights of the daemons that have no built-in role."""
    watch = ["get", "list", "watch"]
    return [
        _binding("idp:kube-apiserver-kubelet-client", "system:kubelet-api-admin", "idp:kube-apiserver-kubelet-client"),
        _role(
            "idp:kube-router",
            [
                _rule([""], ["endpoints", "namespaces", "nodes", "pods", "services"], watch),
                _rule(["discovery.k8s.io"], ["endpointslices"], watch),
                _rule(["networking.k8s.io"], ["networkpolicies"], watch),
            ],
        ),
        _binding("idp:kube-router", "idp:kube-router", "idp:kube-router"),
        _role(
            "idp:volume-provisioner",
            [
                _rule([""], ["persistentvolumeclaims"], watch),
                _rule([""], ["persistentvolumes"], [*watch, "create", "delete"]),
                _rule([""], ["events"], ["create"]),
                _rule(["storage.k8s.io"], ["storageclasses"], watch),
            ],
        ),
        _binding("idp:volume-provisioner", "idp:volume-provisioner", "idp:volume-provisioner"),
    ]


def storage() -> list[Manifest]:
    """Return the default storage class: folders below the cluster's home, made when a pod is scheduled."""
    metadata = {"name": "local-path", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": metadata,
            "provisioner": "idp.local/volume-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
            "reclaimPolicy": "Delete",
        }
    ]


def dns(image: str, digest: str) -> list[Manifest]:
    """Return CoreDNS; a changed binary (its image's `digest`) or Corefile rolls the Deployment."""
    version = hashlib.sha256((COREFILE + digest).encode()).hexdigest()[:16]
    watched = [
        _rule([""], ["endpoints", "namespaces", "services"], ["list", "watch"]),
        _rule(["discovery.k8s.io"], ["endpointslices"], ["list", "watch"]),
    ]
    account = {"kind": "ServiceAccount", "name": "coredns", "namespace": SYSTEM}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata("coredns")},
        _role("idp:coredns", watched),
        _binding("idp:coredns", "idp:coredns", account),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata("coredns"), "data": {"Corefile": COREFILE}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": _metadata("coredns"),
            "spec": {
                "replicas": 1,
                "revisionHistoryLimit": 1,
                "selector": {"matchLabels": DNS_LABELS},
                "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                "template": {
                    "metadata": {"labels": DNS_LABELS, "annotations": {"idp.local/version": version}},
                    "spec": _dns_pod(image),
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _metadata("kube-dns"),
            "spec": {
                "clusterIP": network.DNS_IP,
                "selector": DNS_LABELS,
                "ports": [
                    {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
                    {"name": "dns-tcp", "port": 53, "targetPort": "dns-tcp", "protocol": "TCP"},
                ],
            },
        },
    ]


def _dns_pod(image: str) -> Manifest:
    return {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        "dnsPolicy": "Default",
        "terminationGracePeriodSeconds": 5,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
            # Instead of the capability to bind low ports: only here, and one of the sysctls that `restricted` allows.
            "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": str(DNS_PORT)}],
        },
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
        "containers": [
            {
                "name": "coredns",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "args": ["-conf", "/etc/coredns/Corefile"],
                "ports": [
                    {"name": "dns", "containerPort": DNS_PORT, "protocol": "UDP"},
                    {"name": "dns-tcp", "containerPort": DNS_PORT, "protocol": "TCP"},
                ],
                "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
                "resources": {
                    "requests": {"cpu": "50m", "memory": "32Mi"},
                    "limits": {"cpu": "500m", "memory": "128Mi"},
                },
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
                "livenessProbe": {
                    "httpGet": {"path": "/health", "port": 8080},
                    "initialDelaySeconds": 10,
                    "periodSeconds": 10,
                    "failureThreshold": 5,
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }


def _metadata(name: str) -> Manifest:
    return {"name": name, "namespace": SYSTEM, "labels": DNS_LABELS}


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> Manifest:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}


def _role(name: str, rules: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    }


def _binding(name: str, role: str, subject: str | Manifest) -> Manifest:
    user = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": subject}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [subject if isinstance(subject, dict) else user],
    }
