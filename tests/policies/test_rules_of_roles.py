"""Every right that a rule about roles refuses, and no other: a table beside the rules, not made from them."""

from __future__ import annotations

import pytest

from policies.catalogue import Catalogue, load
from policies.evaluate import evaluate_resource
from policies.rbac import role
from policies.report import refuses

READ, WRITE = "get list watch", "create update patch delete deletecollection"
EVERY = f"{READ} {WRITE} escalate bind impersonate approve sign use"
ADMISSION = "admissionregistration.k8s.io"
RBAC = "rbac.authorization.k8s.io"

REFUSED: dict[str, dict[tuple[str, str], str]] = {
    "rbac_secrets": {("", "secrets"): READ},
    "rbac_pod_creation": {
        **{("", name): "create" for name in ("pods", "replicationcontrollers")},
        **{("apps", name): "create" for name in ("deployments", "statefulsets", "daemonsets", "replicasets")},
        **{("batch", name): "create" for name in ("jobs", "cronjobs")},
    },
    "rbac_pod_exec": {
        ("", name): "get create update patch"
        for name in (
            "pods/exec",
            "pods/attach",
            "pods/portforward",
            "pods/proxy",
            "pods/ephemeralcontainers",
            "services/proxy",
        )
    },
    "rbac_node_proxy": {("", "nodes/proxy"): EVERY},
    "rbac_persistent_volumes": {("", "persistentvolumes"): "create update patch"},
    "rbac_certificate_approval": {
        ("certificates.k8s.io", "certificatesigningrequests/approval"): "update patch",
        ("certificates.k8s.io", "certificatesigningrequests/status"): "update patch",
        ("certificates.k8s.io", "signers"): "approve sign",
    },
    "rbac_webhooks": {
        (ADMISSION, name): WRITE
        for name in (
            "validatingwebhookconfigurations",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
        )
    },
    "rbac_token_creation": {("", "serviceaccounts/token"): "create"},
}
OTHERS = {
    *(("", name) for name in ("configmaps", "pods/log", "nodes", "nodes/metrics", "serviceaccounts", "services")),
    ("apps", "deployments/scale"),
    ("apps", "pods"),
    ("metrics.k8s.io", "nodes"),
    ("certificates.k8s.io", "certificatesigningrequests"),
    (RBAC, "roles"),
    ("vault.example", "secrets"),
}
ALL = sorted(OTHERS.union(*REFUSED.values()))
NAMEABLE = ("rbac_secrets", "rbac_token_creation")
"""Rules that let through what is limited to names."""
CATALOGUES = {rule.id: Catalogue((rule,)) for rule in load().rules}


def _refused(rule: str, group: str, resource: str, *verbs: str, **more: list[str]) -> bool:
    made = role(group, resource, *verbs, **more)  # type: ignore[arg-type]  # lists of texts are plain data
    return any(refuses(outcome) for outcome in evaluate_resource(CATALOGUES[rule], made))


@pytest.mark.parametrize("rule", REFUSED)
def test_exactly_these_rights_are_refused(rule: str) -> None:
    for group, resource in ALL:
        for verb in EVERY.split():
            expected = verb in REFUSED[rule].get((group, resource), "").split()
            assert _refused(rule, group, resource, verb) is expected, (group, resource, verb)


@pytest.mark.parametrize("rule", REFUSED)
def test_so_are_the_wildcards_that_cover_them(rule: str) -> None:
    for (group, resource), verbs in REFUSED[rule].items():
        verb = verbs.split()[0]
        assert _refused(rule, "*", resource, verb)
        assert _refused(rule, group, "*", verb)
        assert _refused(rule, group, resource, "*")
        assert not _refused(rule, "elsewhere.example", "*", "*")
        if "/" in resource:
            assert _refused(rule, group, f"*/{resource.partition('/')[2]}", verb)


@pytest.mark.parametrize("rule", REFUSED)
def test_names_are_enough_where_they_limit_what_is_reached(rule: str) -> None:
    for (group, resource), verbs in REFUSED[rule].items():
        verb = verbs.split()[0]
        assert _refused(rule, group, resource, verb, resourceNames=["one"]) is (rule not in NAMEABLE)
        assert _refused(rule, group, resource, verb, resourceNames=[])


@pytest.mark.parametrize("verb", EVERY.split())
def test_escalating_verbs_are_refused_on_whatever_they_are(verb: str) -> None:
    for group, resource in ALL:
        expected = verb in ("escalate", "bind", "impersonate")
        assert _refused("rbac_escalation", group, resource, verb) is expected


def test_every_verb_is_refused_where_one_of_them_escalates() -> None:
    escalating = {
        (RBAC, "roles"),
        (RBAC, "clusterroles"),
        ("", "users"),
        ("", "groups"),
        ("", "serviceaccounts"),
        ("authentication.k8s.io", "uids"),
        ("authentication.k8s.io", "userextras"),
    }
    for group, resource in escalating.union(ALL):
        assert _refused("rbac_escalation", group, resource, "*") is ((group, resource) in escalating)
