"""Pods set only kernel parameters that are theirs."""

from __future__ import annotations

from policies.condition import Field, one_of
from policies.demand import ITEM, POD, Demand, Items, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload

# Pod Security Standards, Sysctls: those that stay within the pod's namespaces, as of Kubernetes 1.37.
_SAFE = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
)


def _spec(*names: Plain) -> dict[str, Plain]:
    return {"securityContext": {"sysctls": [{"name": name, "value": "1"} for name in names]}}


RULE = Rule(
    id="pod_sysctls",
    title="Pods set only safe sysctls",
    severity=Severity.MEDIUM,
    why="Other kernel parameters reach every pod of the node, or turn its protection off.",
    remedy="Leave the sysctl out of `securityContext.sysctls`; set it on the node if all of it may have it.",
    standards=("Pod Security baseline: Sysctls",),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(
        Demand(
            Items(POD, (("securityContext", "sysctls"),)),
            one_of(Field(ITEM, "name"), *_SAFE),
            f"is another parameter; allowed are {', '.join(_SAFE)}",
            ("name",),
        )
    ),
    passing=(
        workload("Pod", {}),
        workload(
            "Deployment",
            _spec(
                "kernel.shm_rmid_forced",
                "net.ipv4.ip_local_port_range",
                "net.ipv4.ip_unprivileged_port_start",
                "net.ipv4.ping_group_range",
                "net.ipv4.tcp_syncookies",
            ),
        ),
        workload("Job", _spec("net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_rmem")),
        workload("Pod", _spec("net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_wmem")),
        workload("Pod", _spec("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_notsent_lowat")),
        workload("Pod", _spec("net.ipv4.tcp_slow_start_after_idle")),
        workload("Deployment", {"securityContext": {}}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", _spec("kernel.msgmax")),
        workload("StatefulSet", _spec("net.ipv4.tcp_syncookies", "net.core.somaxconn")),
        workload("Job", _spec(None)),
        workload("CronJob", _spec("net/ipv4/tcp_syncookies")),
        workload("DaemonSet", _spec("vm.swappiness"), typed="apps/v1:DaemonSetPatch"),
    ),
)
