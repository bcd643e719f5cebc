"""The rules' profiles give the verdicts of Pod Security admission, over the test data of its own module."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from policies.catalogue import Catalogue, load
from policies.evaluate import evaluate_resource
from policies.rule import Profile, Resource, Violation
from policies.samples import workload
from tests.policies.pod_security.fixtures import KINDS, LEVELS, Manifest, fixtures, inside, newest

CONTROLS = {
    "allowprivilegeescalation": {"pod_privilege_escalation"},
    "apparmorprofile": {"pod_app_armor"},
    "capabilities_baseline": {"pod_capabilities", "pod_capabilities_restricted"},
    "capabilities_restricted": {"pod_capabilities_restricted"},
    "hostnamespaces": {"pod_host_namespaces"},
    "hostpathvolumes": {"pod_host_path", "pod_volume_types"},
    "hostports": {"pod_host_ports"},
    "hostprobesandhostlifecycle": {"pod_host_probes"},
    "privileged": {"pod_privileged"},
    "procmount": {"pod_proc_mount", "pod_proc_mount_restricted"},
    "procmount_restricted": {"pod_proc_mount_restricted"},
    "restrictedvolumes": {"pod_volume_types"},
    "runasnonroot": {"pod_run_as_non_root"},
    "runasuser": {"pod_run_as_user"},
    "seccompprofile_baseline": {"pod_seccomp", "pod_seccomp_restricted"},
    "seccompprofile_restricted": {"pod_seccomp_restricted"},
    "selinuxoptions": {"pod_selinux"},
    "sysctls": {"pod_sysctls"},
    "windowshostprocess": {"pod_windows_host_process"},
}
"""Which rules a control of the module is."""

ALSO = {
    # The API server refuses a privileged container that says it may not escalate.
    ("privileged", "pod_privilege_escalation"),
    # One of them has no security context at all.
    ("allowprivilegeescalation", "pod_capabilities_restricted"),
    # The API server takes HostProcess only with hostNetwork.
    ("windowshostprocess", "pod_host_namespaces"),
    ("restrictedvolumes", "pod_host_path"),
    ("seccompprofile_restricted", "pod_seccomp"),
}
"""Rules that refuse a control's fixture beside its own, because of what else has to be in it."""

NEWER = {"pod_privilege_escalation": 8, "pod_seccomp_restricted": 19, "pod_capabilities_restricted": 22}
"""Controls that the standard did not have at first: before these minors, what they refuse passes."""

LOOSER = {
    # Until then seccomp was an annotation; the API server has not obeyed it since 1.27.
    ("baseline", "seccompprofile_baseline"): 19,
    # Until then an unmasked /proc was refused in pods with users of their own, too.
    ("baseline", "procmount"): 35,
}
"""What failed before these minors and passes today."""


@cache
def profile(level: str) -> Catalogue:
    """Return the rules of a level and of those before it."""
    levels = [Profile(name) for name in LEVELS[: LEVELS.index(level) + 1]]
    return Catalogue(tuple(rule for rule in load().rules if rule.profile in levels))


def refusing(level: str, kind: str, props: Manifest) -> set[str]:
    """Return the rules of a level that refuse it."""
    outcomes = list(evaluate_resource(profile(level), Resource(workload(kind, {}).type, "thing", props)))
    assert all(isinstance(outcome.finding, Violation) for outcome in outcomes)
    return {outcome.rule.id for outcome in outcomes}


def test_the_levels_are_whole() -> None:
    """As many rules as the module has checks, twelve and seven, and a fixture that fails for each."""
    assert Counter(rule.profile for rule in load().rules if rule.profile) == {
        Profile.BASELINE: 12,
        Profile.RESTRICTED: 7,
    }
    assert {one.control for one in newest() if not one.passes} == set(CONTROLS)
    assert {rule.id for rule in profile("restricted").rules} == set().union(*CONTROLS.values())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", LEVELS)
def test_every_verdict_of_the_newest_minor_is_the_folders(level: str, kind: str) -> None:
    judged = 0
    for one in newest():
        if one.level == level:
            found = refusing(level, kind, inside(kind, one.pod))
            assert bool(found) is not one.passes, (str(one), found)
            judged += 1
    assert judged > 45


def test_it_is_the_controls_own_rule_that_refuses() -> None:
    beside = set()
    for one in newest():
        found = refusing(one.level, "Pod", one.pod)
        assert one.passes or found & CONTROLS[one.control], (str(one), found)
        beside |= set() if one.passes else {(one.control, rule) for rule in found - CONTROLS[one.control]}
    assert beside == ALSO


def test_verdicts_of_older_minors_differ_by_what_the_standard_changed() -> None:
    known: dict[int, dict[str, set[str]]] = {}
    differences: Counter[tuple[str, str]] = Counter()
    for one in fixtures():
        verdicts = known.setdefault(id(one.pod), {})
        if one.level not in verdicts:
            verdicts[one.level] = refusing(one.level, "Pod", one.pod)
        found = verdicts[one.level]
        if bool(found) is not one.passes:
            continue
        if one.passes:
            assert all(one.minor < NEWER.get(rule, 0) for rule in found), (str(one), found)
            differences.update(("newer", rule) for rule in found)
        else:
            assert one.minor < LOOSER.get((one.level, one.control), 0), str(one)
            differences[one.level, one.control] += 1
    assert set(differences) == {("newer", rule) for rule in NEWER} | set(LOOSER), "a difference is gone"
