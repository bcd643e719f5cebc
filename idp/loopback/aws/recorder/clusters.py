"""EKS clusters and node groups: updates that moto lacks, and members it drops."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from moto.ec2.models import ec2_backends
from moto.eks.models import Cluster, eks_backends

from idp.loopback.aws.recorder.message import Complement, Handler, Members, Request, Scope, not_found

_KEPT = ("accessConfig", "upgradePolicy", "deletionProtection", "zonalShiftConfig")
_DEFAULTS: Members = {
    "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True},
    "upgradePolicy": {"supportType": "EXTENDED"},
    "deletionProtection": False,
    "zonalShiftConfig": {"enabled": False},
}
_KEPT_OF_GROUPS: Members = {"updateConfig": {"maxUnavailable": 1}}
"""moto takes these members of a node group in its update only; the value is AWS's default."""


def cluster(scope: Scope, name: str) -> Cluster:
    """Return moto's cluster. Raises RefusedError."""
    found = eks_backends[scope.account][scope.region].clusters.get(name)
    if found is None:
        raise not_found(f"No cluster found for name: {name}.")
    return found


def now() -> datetime.datetime:
    """Return the time, as records keep it."""
    return datetime.datetime.now(datetime.UTC)


def update(kind: str) -> Members:
    """Return the record of an update that is already done."""
    return {
        "update": {
            "id": str(uuid.uuid4()),
            "status": "Successful",
            "type": kind,
            "params": [],
            "createdAt": now(),
            "errors": [],
        }
    }


def _update_config(request: Request) -> Members:
    members, found = request.members, cluster(request.scope, request.members["name"])
    # moto would forget whatever the request does not repeat.
    if "resourcesVpcConfig" in members:
        found.resources_vpc_config = {**found.resources_vpc_config, **members["resourcesVpcConfig"]}
    if "logging" in members:
        found.logging = _logging(found.logging, members["logging"])
    extras = _extras(request.scope, members["name"])
    for name in _KEPT:
        if name in members:
            both = isinstance(members[name], dict)
            extras[name] = {**extras[name], **members[name]} if both else members[name]
    return update("VpcConfigUpdate" if "resourcesVpcConfig" in members else "LoggingUpdate")


def _update_version(request: Request) -> Members:
    cluster(request.scope, request.members["name"]).version = request.members["version"]
    return update("VersionUpdate")


def _encrypt(request: Request) -> Members:
    found = cluster(request.scope, request.members["clusterName"])
    found.encryption_config = request.members["encryptionConfig"]
    return update("AssociateEncryptionConfig")


def _update_group_version(request: Request) -> Members:
    members = request.members
    group = cluster(request.scope, members["clusterName"]).nodegroups.get(members["nodegroupName"])
    if group is None:
        raise not_found(f"No node group found for name: {members['nodegroupName']}.")
    group.version = members.get("version", group.version)
    group.release_version = members.get("releaseVersion", group.release_version)
    if "launchTemplate" in members:
        group.launch_template = {**(group.launch_template or {}), **members["launchTemplate"]}
    return update("VersionUpdate")


def _logging(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return which types are logged after an update that names some of them."""
    enabled: dict[str, bool] = {}
    for setup in (*old.get("clusterLogging", []), *new.get("clusterLogging", [])):
        for kind in setup.get("types", []):
            enabled[kind] = setup.get("enabled", False)
    types = {state: sorted(kind for kind, on in enabled.items() if on is state) for state in (True, False)}
    return {"clusterLogging": [{"types": kinds, "enabled": state} for state, kinds in types.items() if kinds]}


def _extras(scope: Scope, name: str) -> Members:
    return scope.of("cluster").setdefault((name,), dict(_DEFAULTS))


def _created(request: Request, answer: Members) -> None:
    """Remember what moto drops, and make the security group AWS makes with each cluster."""
    members, scope = request.members, request.scope
    extras = _extras(scope, members["name"])
    extras.update({name: members[name] for name in _KEPT if name in members})
    extras["accessConfig"] = {**_DEFAULTS["accessConfig"], **extras["accessConfig"]}
    subnets = members["resourcesVpcConfig"].get("subnetIds", [])
    ec2 = ec2_backends[scope.account][scope.region]
    network = {subnet.id: subnet.vpc_id for zone in ec2.subnets.values() for subnet in zone.values()}
    vpc = next((network[subnet] for subnet in subnets if subnet in network), None)
    if vpc is not None:
        name = f"eks-cluster-sg-{members['name']}"
        group = ec2.create_security_group(name, "EKS created security group", vpc_id=vpc)
        found = cluster(scope, members["name"])
        found.resources_vpc_config = {
            **found.resources_vpc_config,
            "vpcId": vpc,
            "clusterSecurityGroupId": group.id,
        }
        answer["cluster"]["resourcesVpcConfig"] = found.resources_vpc_config
    _described(request, answer)


def _described(request: Request, answer: Members) -> None:
    answer["cluster"].update(_extras(request.scope, request.members["name"]))


def _deleted(request: Request, answer: Members) -> None:
    """Forget all that was in the cluster, and take its security group away."""
    name, scope = request.members["name"], request.scope
    for records in scope.records.values():
        for key in [key for key in records if key[0] == name]:
            del records[key]
    group = answer["cluster"].get("resourcesVpcConfig", {}).get("clusterSecurityGroupId")
    if group:
        ec2_backends[scope.account][scope.region].delete_security_group(group_id=group)


def _group_created(request: Request, answer: Members) -> None:
    members = request.members
    group = cluster(request.scope, members["clusterName"]).nodegroups[members["nodegroupName"]]
    group.update_config = members.get("updateConfig", _KEPT_OF_GROUPS["updateConfig"])
    group.node_repair_config = members.get("nodeRepairConfig")
    _group_described(request, answer)


def _group_described(request: Request, answer: Members) -> None:
    members = request.members
    group = cluster(request.scope, members["clusterName"]).nodegroups[members["nodegroupName"]]
    answer["nodegroup"]["updateConfig"] = group.update_config
    if group.node_repair_config:
        answer["nodegroup"]["nodeRepairConfig"] = group.node_repair_config


HANDLERS: dict[tuple[str, str], Handler] = {
    ("eks", "UpdateClusterConfig"): _update_config,
    ("eks", "UpdateClusterVersion"): _update_version,
    ("eks", "AssociateEncryptionConfig"): _encrypt,
    ("eks", "UpdateNodegroupVersion"): _update_group_version,
}

COMPLEMENTS: dict[tuple[str, str], Complement] = {
    ("eks", "CreateCluster"): _created,
    ("eks", "DescribeCluster"): _described,
    ("eks", "DeleteCluster"): _deleted,
    ("eks", "CreateNodegroup"): _group_created,
    ("eks", "DescribeNodegroup"): _group_described,
}
