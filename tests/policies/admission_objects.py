"""The admission policies as objects of the API, and pods in every kind as the API wants them."""

from __future__ import annotations

from typing import Any

from policies.admission import AdmissionPolicy
from tests.policies.pod_security.fixtures import inside

Manifest = dict[str, Any]
GROUP = "admissionregistration.k8s.io/v1"
POLICIES = f"/apis/{GROUP}/validatingadmissionpolicies"
BINDINGS = f"/apis/{GROUP}/validatingadmissionpolicybindings"

COLLECTIONS = {
    "Pod": "/api/v1/namespaces/{}/pods",
    "PodTemplate": "/api/v1/namespaces/{}/podtemplates",
    "ReplicationController": "/api/v1/namespaces/{}/replicationcontrollers",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
}
_LABELS = {"app": "fixture"}


def policy(made: AdmissionPolicy, name: str) -> Manifest:
    """Return a ValidatingAdmissionPolicy."""
    groups: dict[str, list[str]] = {}
    for group, resource in made.resources:
        groups.setdefault(group, []).append(resource)
    rules = [
        {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": resources}
        for group, resources in groups.items()
    ]
    return {
        "apiVersion": GROUP,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": rules},
            "variables": [{"name": key, "expression": expression} for key, expression in made.variables],
            "validations": [{"expression": one.expression, "message": one.message} for one in made.validations],
        },
    }


def binding(of: str, namespace: str, action: str) -> Manifest:
    """Return the binding of a policy to one namespace, `Deny` or `Warn`."""
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return _binding(f"{of}.{namespace}", of, action, {"namespaceSelector": selector})


def binding_by_label(of: str, label: str) -> Manifest:
    """Return the binding of a policy to objects that have a label with the policy's name, to warn."""
    return _binding(of, of, "Warn", {"objectSelector": {"matchLabels": {label: of}}})


def _binding(name: str, of: str, action: str, matched: Manifest) -> Manifest:
    return {
        "apiVersion": GROUP,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": of, "validationActions": [action], "matchResources": matched},
    }


def namespace(name: str, **pod_security: str) -> Manifest:
    """Return a namespace with labels of Pod Security admission: `enforce="baseline"`."""
    labels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in pod_security.items()}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def whole(kind: str, pod: Manifest) -> Manifest:
    """Return an object of a kind that the API server takes, with the pod in it."""
    made = inside(kind, pod)
    api = "batch/v1" if kind in ("Job", "CronJob") else "v1" if _is_core(kind) else "apps/v1"
    made |= {"apiVersion": api, "kind": kind}
    made["metadata"]["name"] = made["metadata"]["name"].replace("_", "-")
    if kind in ("Pod", "PodTemplate"):
        return made
    template = made["spec"]["jobTemplate"]["spec"]["template"] if kind == "CronJob" else made["spec"]["template"]
    template["metadata"] = {**template["metadata"], "labels": _LABELS}
    if kind == "ReplicationController":
        made["spec"]["selector"] = _LABELS
    elif kind in ("Job", "CronJob"):
        template["spec"] = {**template["spec"], "restartPolicy": "Never"}
    else:
        made["spec"]["selector"] = {"matchLabels": _LABELS}
    if kind == "CronJob":
        made["spec"]["schedule"] = "0 0 1 1 *"
    if kind == "StatefulSet":
        made["spec"]["serviceName"] = "fixture"
    return made


def _is_core(kind: str) -> bool:
    return COLLECTIONS[kind].startswith("/api/")
