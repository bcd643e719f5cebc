"""Where the rules about pods say the fault is."""

from __future__ import annotations

import re

import pytest

from policies.catalogue import Catalogue, load
from policies.evaluate import evaluate_resource
from policies.rule import Rule, Violation

OF_THE_CONTEXT = {
    "pod_app_armor": {"appArmorProfile.type"},
    "pod_capabilities": {"capabilities.add"},
    "pod_capabilities_restricted": {"capabilities.add", "capabilities.drop"},
    "pod_privilege_escalation": {"allowPrivilegeEscalation"},
    "pod_privileged": {"privileged"},
    "pod_proc_mount": {"procMount"},
    "pod_proc_mount_restricted": {"procMount"},
    "pod_run_as_non_root": {"runAsNonRoot"},
    "pod_run_as_user": {"runAsUser"},
    "pod_seccomp": {"seccompProfile.type"},
    "pod_seccomp_restricted": {"seccompProfile.type"},
    "pod_selinux": {"seLinuxOptions.type", "seLinuxOptions.user", "seLinuxOptions.role"},
    "pod_sysctls": {"sysctls[].name"},
    "pod_windows_host_process": {"windowsOptions.hostProcess"},
}
"""Fields of the security context that a rule names."""

OF_THE_REST = {
    "pod_app_armor": {"metadata.annotations"},
    "pod_host_namespaces": {"hostNetwork", "hostPID", "hostIPC"},
    "pod_host_path": {"volumes[].hostPath"},
    "pod_host_ports": {"ports"},
    "pod_host_probes": {
        f"{asking}.{handler}.host"
        for asking in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop")
        for handler in ("httpGet", "tcpSocket")
    },
    "pod_volume_types": {"volumes[]"},
}

FOR_BOTH = {
    "pod_app_armor",
    "pod_run_as_non_root",
    "pod_run_as_user",
    "pod_seccomp",
    "pod_selinux",
    "pod_windows_host_process",
}
"""Rules about what both a pod and its containers have."""

RULES = [rule for rule in load().rules if rule.profile]
_POD = re.compile(r"(?:spec\.jobTemplate\.)?(?:spec\.template\.)?(?:spec\.)?")
_CONTAINER = re.compile(r"(?:containers|initContainers|ephemeralContainers)\[\]\.")


def paths(rule: Rule) -> set[str]:
    """Return where the rule's failing samples are wrong, below the pod, and without numbers."""
    found = [outcome.finding for sample in rule.failing for outcome in evaluate_resource(Catalogue((rule,)), sample)]
    assert all(isinstance(one, Violation) for one in found)
    return {_POD.sub("", re.sub(r"\d+", "", getattr(one, "path", "")), count=1) for one in found}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_paths_name_the_field(rule: Rule) -> None:
    fields = {f"securityContext.{one}" for one in OF_THE_CONTEXT.get(rule.id, ())} | OF_THE_REST.get(rule.id, set())
    assert {_CONTAINER.sub("", path) for path in paths(rule)} == fields


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_samples_fail_in_all_places(rule: Rule) -> None:
    """In the pod, in its containers, or in all three lists of them."""
    lists = {found[0] for path in paths(rule) if (found := _CONTAINER.match(path))}
    of_pods = rule.id in ("pod_host_namespaces", "pod_host_path", "pod_sysctls", "pod_volume_types")
    assert not lists if of_pods else len(lists) >= 2
    assert any(path.startswith("securityContext") for path in paths(rule)) is (rule.id in {*FOR_BOTH, "pod_sysctls"})
