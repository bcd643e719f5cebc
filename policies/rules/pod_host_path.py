"""Pods mount nothing from the node's file system."""

from __future__ import annotations

from policies.condition import Field, absent
from policies.demand import ITEM, VOLUMES, Demand, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload


def _spec(*volumes: Plain) -> dict[str, Plain]:
    return {"volumes": list(volumes)}


_HOST: dict[str, Plain] = {"name": "host", "hostPath": {"path": "/"}}

RULE = Rule(
    id="pod_host_path",
    title="Pods mount nothing of the node",
    severity=Severity.HIGH,
    why="What can write to the node's files can become the node: its kubelet's keys, its containers, its start.",
    remedy="Use a volume of another kind, such as a persistentVolumeClaim.",
    standards=("Pod Security baseline: HostPath Volumes", "CIS Kubernetes 1.10 5.2.12"),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(Demand(VOLUMES, absent(Field(ITEM, "hostPath")), "is set; allowed is another kind", ("hostPath",))),
    passing=(
        workload("Pod", {}),
        workload("Deployment", _spec({"name": "data", "emptyDir": {}}, {"name": "nothing", "hostPath": None})),
        workload("Deployment", _spec({"name": "data"}), typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", _spec(_HOST)),
        workload("StatefulSet", _spec({"name": "data"}, _HOST)),
        workload("CronJob", _spec({"name": "host", "hostPath": {}})),
        workload("Deployment", _spec(_HOST), typed="apps/v1:DeploymentPatch"),
    ),
)
