"""The daemons of the cluster: which binary with which arguments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from idp.loopback.cluster import network
from idp.loopback.cluster.daemon import Daemon
from idp.loopback.cluster.layout import INSIDE, Layout

FORWARD = "forward"
KUBE_ROUTER = "kube-router"
"""Ends at once if the node is not registered yet."""

API_SERVER = "kube-apiserver"

STOP_ORDER: tuple[tuple[str, ...], ...] = (
    (FORWARD, KUBE_ROUTER, "volume-provisioner", "kube-proxy", "kube-scheduler", "kube-controller-manager"),
    (API_SERVER,),
    ("etcd", "containerd"),
)
"""Clients before servers; the kubelet and the pods are ended before any of these."""

NAMES = (
    "etcd",
    "containerd",
    API_SERVER,
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "volume-provisioner",
    KUBE_ROUTER,
)
"""In the order of their start; `forward` and the namespaces' anchor come before."""

CLIENTS = NAMES[NAMES.index(API_SERVER) + 1 :]
"""Who works on what the API server tells."""

Tool = Callable[[str], Path]


def describe(layout: Layout, tool: Tool) -> dict[str, Daemon]:
    """Return every daemon by name. `tool` gives the path of a binary, or raises what it raises."""
    made = (
        _etcd(layout, tool),
        _containerd(layout, tool),
        _api_server(layout, tool),
        _controller_manager(layout, tool),
        _scheduler(layout, tool),
        _kubelet(layout, tool),
        _kube_proxy(layout, tool),
        _kube_router(layout, tool),
        _provisioner(layout, tool),
    )
    return {daemon.name: daemon for daemon in made}


def _etcd(layout: Layout, tool: Tool) -> Daemon:
    client, peer = f"https://127.0.0.1:{network.ETCD_PORT}", f"https://127.0.0.1:{network.ETCD_PEER_PORT}"
    pair, authority = layout.pki / "etcd.pem", layout.pki / "etcd-ca.crt"
    inside_pair, inside_authority = layout.inside(pair), layout.inside(authority)
    return Daemon(
        "etcd",
        tool("etcd"),
        (
            "--name=local",
            f"--data-dir={INSIDE}/etcd",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=local={peer}",
            f"--cert-file={inside_pair}",
            f"--key-file={inside_pair}",
            f"--trusted-ca-file={inside_authority}",
            "--client-cert-auth=true",
            f"--peer-cert-file={inside_pair}",
            f"--peer-key-file={inside_pair}",
            f"--peer-trusted-ca-file={inside_authority}",
            "--peer-client-cert-auth=true",
            "--logger=zap",
            "--log-level=warn",
        ),
        (pair, authority),
    )


def _containerd(layout: Layout, tool: Tool) -> Daemon:
    config = layout.config / "containerd.toml"
    cni = layout.config / "cni" / "10-bridge.conflist"
    return Daemon(
        "containerd",
        tool("containerd"),
        (f"--config={layout.inside(config)}",),
        (config, cni),
        path=(tool("containerd-shim-runc-v2").parent, tool("runc").parent),
    )


def _api_server(layout: Layout, tool: Tool) -> Daemon:
    pki = {
        name: layout.pki / name
        for name in (
            "ca.crt",
            "etcd-ca.crt",
            "etcd-client.pem",
            "kube-apiserver.pem",
            "kube-apiserver-kubelet-client.pem",
            "service-accounts.key",
            "service-accounts.pub",
        )
    }
    inside = {name: layout.inside(path) for name, path in pki.items()}
    audit, admission, encryption = (
        layout.config / name for name in ("audit.yaml", "admission.yaml", "encryption.yaml")
    )
    return Daemon(
        "kube-apiserver",
        tool("kube-apiserver"),
        (
            f"--bind-address={network.NODE_IP}",
            f"--advertise-address={network.NODE_IP}",
            f"--secure-port={network.API_PORT}",
            f"--service-cluster-ip-range={network.SERVICE_CIDR}",
            f"--etcd-servers=https://127.0.0.1:{network.ETCD_PORT}",
            f"--etcd-cafile={inside['etcd-ca.crt']}",
            f"--etcd-certfile={inside['etcd-client.pem']}",
            f"--etcd-keyfile={inside['etcd-client.pem']}",
            f"--tls-cert-file={inside['kube-apiserver.pem']}",
            f"--tls-private-key-file={inside['kube-apiserver.pem']}",
            "--tls-min-version=VersionTLS12",
            f"--client-ca-file={inside['ca.crt']}",
            "--anonymous-auth=false",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--admission-control-config-file={layout.inside(admission)}",
            f"--kubelet-certificate-authority={inside['ca.crt']}",
            f"--kubelet-client-certificate={inside['kube-apiserver-kubelet-client.pem']}",
            f"--kubelet-client-key={inside['kube-apiserver-kubelet-client.pem']}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--service-account-issuer=https://kubernetes.default.svc.{network.DOMAIN}",
            f"--service-account-key-file={inside['service-accounts.pub']}",
            f"--service-account-signing-key-file={inside['service-accounts.key']}",
            f"--encryption-provider-config={layout.inside(encryption)}",
            f"--audit-policy-file={layout.inside(audit)}",
            f"--audit-log-path={INSIDE}/audit/audit.log",
            "--audit-log-maxsize=50",
            "--audit-log-maxbackup=2",
            "--profiling=false",
        ),
        (*pki.values(), audit, admission, encryption),
    )


def _controller_manager(layout: Layout, tool: Tool) -> Daemon:
    kubeconfig = layout.config / "kube-controller-manager.kubeconfig"
    pair, authority, account_key = (layout.pki / name for name in ("ca.pem", "ca.crt", "service-accounts.key"))
    own = layout.pki / "kube-controller-manager.pem"
    return Daemon(
        "kube-controller-manager",
        tool("kube-controller-manager"),
        (
            f"--kubeconfig={layout.inside(kubeconfig)}",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--cluster-cidr={network.POD_CIDR}",
            f"--service-cluster-ip-range={network.SERVICE_CIDR}",
            "--allocate-node-cidrs=true",
            f"--cluster-signing-cert-file={layout.inside(pair)}",
            f"--cluster-signing-key-file={layout.inside(pair)}",
            f"--root-ca-file={layout.inside(authority)}",
            f"--service-account-private-key-file={layout.inside(account_key)}",
            "--profiling=false",
        ),
        (kubeconfig, own, pair, authority, account_key),
    )


def _scheduler(layout: Layout, tool: Tool) -> Daemon:
    kubeconfig = layout.config / "kube-scheduler.kubeconfig"
    return Daemon(
        "kube-scheduler",
        tool("kube-scheduler"),
        (
            f"--kubeconfig={layout.inside(kubeconfig)}",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--profiling=false",
        ),
        (kubeconfig, layout.pki / "kube-scheduler.pem", layout.pki / "ca.crt"),
    )


def _kubelet(layout: Layout, tool: Tool) -> Daemon:
    config, kubeconfig = layout.config / "kubelet.yaml", layout.config / "kubelet.kubeconfig"
    return Daemon(
        "kubelet",
        tool("kubelet"),
        (
            f"--config={layout.inside(config)}",
            f"--kubeconfig={layout.inside(kubeconfig)}",
            f"--root-dir={INSIDE}/kubelet",
            f"--hostname-override={network.NODE_NAME}",
            f"--node-ip={network.NODE_IP}",
        ),
        (config, kubeconfig, layout.pki / "kubelet.pem", layout.pki / "kubelet-client.pem", layout.pki / "ca.crt"),
    )


def _kube_proxy(layout: Layout, tool: Tool) -> Daemon:
    config = layout.config / "kube-proxy.yaml"
    return Daemon(
        "kube-proxy",
        tool("kube-proxy"),
        (f"--config={layout.inside(config)}",),
        (config, layout.pki / "kube-proxy.pem", layout.pki / "ca.crt"),
    )


def _kube_router(layout: Layout, tool: Tool) -> Daemon:
    kubeconfig = layout.config / "kube-router.kubeconfig"
    return Daemon(
        KUBE_ROUTER,
        tool("kube-router"),
        (
            f"--kubeconfig={layout.inside(kubeconfig)}",
            f"--hostname-override={network.NODE_NAME}",
            "--run-firewall=true",
            "--run-router=false",
            "--run-service-proxy=false",
            f"--service-cluster-ip-range={network.SERVICE_CIDR}",
            f"--health-port={network.KUBE_ROUTER_HEALTH_PORT}",
            "--metrics-port=0",
        ),
        (kubeconfig, layout.pki / "kube-router.pem", layout.pki / "ca.crt"),
    )


def _provisioner(layout: Layout, tool: Tool) -> Daemon:
    kubeconfig = layout.config / "volume-provisioner.kubeconfig"
    return Daemon(
        "volume-provisioner",
        tool("volume-provisioner"),
        (
            f"--kubeconfig={layout.inside(kubeconfig)}",
            f"--folder={INSIDE}/volumes",
            f"--node={network.NODE_NAME}",
        ),
        (kubeconfig, layout.pki / "volume-provisioner.pem", layout.pki / "ca.crt"),
    )
