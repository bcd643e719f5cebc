"""Resources of many kinds, as a program that declares them without the providers' SDKs: its own time is small.

They are what a platform declares, and pass the rules there were when this was written; what newer ones find is counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Resource = tuple[str, str, Mapping[str, Any]]
"""Type token, name in the program, inputs."""

PROGRAM = """\
import json
from pathlib import Path

import pulumi

with Path("resources.json").open() as file:
    given = json.load(file)
providers = {
    name: pulumi.ProviderResource(name, "explicit", settings, pulumi.ResourceOptions(version=version))
    for name, (version, settings) in given["providers"].items()
}
for token, name, inputs in given["resources"]:
    options = pulumi.ResourceOptions(provider=providers[token.partition(":")[0]])
    pulumi.CustomResource(token, name, inputs, options)
"""
"""Reads `document` from its folder."""

_AWS = {
    "region": "eu-central-1",
    "accessKey": "benchmark",
    "secretKey": "benchmark",
    # Nobody listens there: a preview of what is to be created asks nothing.
    "endpoints": json.dumps([{"s3": "http://127.0.0.1:1"}]),
}


def document(count: int, versions: Mapping[str, str]) -> str:
    """Return what the program reads: `count` resources and the two providers, which need neither cluster nor cloud."""
    providers = {
        "kubernetes": (versions["kubernetes"], {"renderYamlToDirectory": "rendered"}),
        "aws": (versions["aws"], _AWS),
    }
    return json.dumps({"providers": providers, "resources": resources(count)})


def resources(count: int) -> Sequence[Resource]:
    """Return `count` resources, all kinds in turn."""
    return [_KINDS[index % len(_KINDS)](index // len(_KINDS)) for index in range(count)]


def _object(api: str, kind: str, index: int, **fields: object) -> Resource:
    """Return a Kubernetes resource; `api` is the group as the type token has it, and the version."""
    group = api.removeprefix("core/")
    name = f"{kind.lower()}-{index}"
    metadata = {"name": name, "namespace": f"team-{index}", "labels": {"app.kubernetes.io/name": name}}
    return f"kubernetes:{api}:{kind}", name, {"apiVersion": group, "kind": kind, "metadata": metadata, **fields}


def _pod(**more: object) -> Mapping[str, object]:
    container = {
        "image": "registry.example/team/app:1.2.3@sha256:" + "0" * 64,
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
        "env": [{"name": f"SETTING_{number}", "value": f"value {number}"} for number in range(10)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],  # noqa: S108 (a path in a container)
    }
    return {
        "automountServiceAccountToken": False,
        "serviceAccountName": "app",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "app", **container}, {"name": "proxy", **container}],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
        **more,
    }


_LABELS = {"app": "app"}
_SELECTOR = {"matchLabels": _LABELS}


def _template(**more: object) -> Mapping[str, object]:
    return {"metadata": {"labels": _LABELS}, "spec": _pod(**more)}


def _job() -> Mapping[str, object]:
    return {"backoffLimit": 2, "template": _template(restartPolicy="Never")}


def _namespace(index: int) -> Resource:
    name = f"team-{index}"
    enforce = "pod-security.kubernetes.io/enforce"
    labels = {enforce: "restricted", f"{enforce}-version": "v1.33"}
    metadata = {"name": name, "labels": labels}
    return "kubernetes:core/v1:Namespace", name, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _binding(index: int) -> Resource:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": f"role-{index}"}
    subject = {"kind": "ServiceAccount", "name": "app", "namespace": f"team-{index}"}
    return _object("rbac.authorization.k8s.io/v1", "RoleBinding", index, roleRef=role, subjects=[subject])


def _aws(token: str, index: int, **inputs: object) -> Resource:
    return f"aws:{token}", f"{token.rpartition(':')[2].lower()}-{index}", {**inputs, "tags": {"team": f"team-{index}"}}


_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "eks.amazonaws.com"}}],
    }
)

_KINDS: tuple[Callable[[int], Resource], ...] = (
    _namespace,
    lambda index: _object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        index,
        spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    ),
    lambda index: _object(
        "apps/v1", "Deployment", index, spec={"replicas": 2, "selector": _SELECTOR, "template": _template()}
    ),
    lambda index: _object(
        "apps/v1",
        "StatefulSet",
        index,
        spec={"serviceName": "app", "replicas": 3, "selector": _SELECTOR, "template": _template()},
    ),
    lambda index: _object("apps/v1", "DaemonSet", index, spec={"selector": _SELECTOR, "template": _template()}),
    lambda index: _object("batch/v1", "Job", index, spec=_job()),
    lambda index: _object(
        "batch/v1", "CronJob", index, spec={"schedule": "0 3 * * *", "jobTemplate": {"spec": _job()}}
    ),
    lambda index: _object("core/v1", "Pod", index, spec=_pod()),
    lambda index: _object(
        "core/v1", "Service", index, spec={"selector": _LABELS, "ports": [{"port": 80, "targetPort": "http"}]}
    ),
    lambda index: _object("core/v1", "ConfigMap", index, data={f"key-{number}": "x" * 200 for number in range(10)}),
    lambda index: _object("core/v1", "Secret", index, stringData={"password": f"benchmark-{index}"}),
    lambda index: _object("core/v1", "ServiceAccount", index, automountServiceAccountToken=False),
    lambda index: _object(
        "rbac.authorization.k8s.io/v1",
        "Role",
        index,
        rules=[{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]} for _ in range(5)],
    ),
    _binding,
    lambda index: _object("policy/v1", "PodDisruptionBudget", index, spec={"minAvailable": 1, "selector": _SELECTOR}),
    lambda index: _object("core/v1", "ResourceQuota", index, spec={"hard": {"pods": "20", "requests.cpu": "4"}}),
    lambda index: _aws("ec2/vpc:Vpc", index, cidrBlock="10.0.0.0/16", enableDnsHostnames=True),
    lambda index: _aws("ec2/securityGroup:SecurityGroup", index, description="Nothing may come in.", ingress=[]),
    lambda index: _aws("iam/role:Role", index, assumeRolePolicy=_TRUST),
    lambda index: _aws("kms/key:Key", index, enableKeyRotation=True, deletionWindowInDays=30),
    lambda index: _aws("s3/bucket:Bucket", index),
)
