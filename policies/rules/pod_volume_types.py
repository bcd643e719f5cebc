"""Volumes are of kinds that keep pods apart from the node and from its storage."""

from __future__ import annotations

from policies.condition import Field, any_of, present
from policies.demand import ITEM, VOLUMES, Demand, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Rule, Severity
from policies.samples import workload

# Pod Security Standards, Volume Types; image since Kubernetes 1.31.
_KINDS = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)


def _spec(**volumes: Plain) -> dict[str, Plain]:
    return {"volumes": [{"name": kind.lower(), kind: source} for kind, source in volumes.items()]}


RULE = Rule(
    id="pod_volume_types",
    title="Volumes are of a kind that is kept apart",
    severity=Severity.MEDIUM,
    why="The other kinds mount storage with the node's rights and whatever address the pod names.",
    remedy="Claim the storage with a persistentVolumeClaim.",
    standards=("Pod Security restricted: Volume Types",),
    types=WORKLOADS,
    profile=Profile.RESTRICTED,
    check=demands(
        Demand(
            VOLUMES,
            any_of(*(present(Field(ITEM, kind)) for kind in _KINDS)),
            f"is of another kind; allowed are {', '.join(_KINDS)}",
        )
    ),
    passing=(
        workload("Pod", {"volumes": [{"name": "empty"}, {"name": "null", "nfs": None}]}),
        workload("Deployment", _spec(configMap={}, csi={}, downwardAPI={}, emptyDir={}, ephemeral={})),
        workload("CronJob", _spec(image={}, persistentVolumeClaim={}, projected={}, secret={})),
        workload("Deployment", {"volumes": [{"name": "data"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", _spec(hostPath={"path": "/"})),
        workload("Pod", _spec(emptyDir={}, nfs={"server": "192.0.2.1"})),
        workload("StatefulSet", _spec(gitRepo={})),
        workload("Job", _spec(iscsi={"lun": 0}, secret={})),
        workload("DaemonSet", _spec(flexVolume={"driver": "a/b"})),
    ),
)
