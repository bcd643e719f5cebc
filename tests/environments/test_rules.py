"""Rules between parts: each broken alone, each with the place and the words that help."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from environments.rules import LOOPBACK_VERSION

Document = dict[str, Any]
Refusals = Callable[[Document], list[tuple[str, str]]]


def service(**changes: object) -> Document:
    return {"name": "extra", "image": "idp.local/x:1", "port": 80, "cpu": "10m", "memory": "10Mi", **changes}


def local(document: Document) -> Document:
    """Make it the local environment with the loopback cluster, in place."""
    document["name"] = "local"
    document["state"] = {"backend": "file", "secrets_provider": "passphrase"}
    document["cluster"] = {"version": LOOPBACK_VERSION}
    return document


def put(document: Document, place: str, value: object) -> None:
    *above, last = [int(step) if step.isdigit() else step for step in place.split("/")]
    inside: Any = document
    for step in above:
        inside = inside[step]
    inside[last] = value


BROKEN: list[tuple[str, object, str, str]] = [
    ("state/backend", "file", "state.backend", "for the local environment only"),
    ("state/secrets_provider", "passphrase", "state.secrets_provider", "for the local environment only"),
    ("cluster/kubeconfig", None, "cluster.kubeconfig", "null is not allowed: the path of a kubeconfig"),
    ("workspaces/0/network/ingress_from", ["pay", "gone"], "workspaces[0].network.ingress_from[1]", "(pay)"),
    ("workspaces/0/network/ingress_from", ["shop"], "workspaces[0].network.ingress_from[0]", "another workspace"),
    ("workspaces/0/network/ingress_from", ["pay", "pay"], "workspaces[0].network.ingress_from[1]", "once only"),
    ("workspaces/0/access/readers", ["a", "b", "a"], "workspaces[0].access.readers[2]", "once only"),
    ("platform/registries", [], "platform.registries", "an empty list is not allowed: at least 1"),
    ("platform/registries", ["a/", "a/"], "platform.registries[1]", "once only"),
    ("workspaces/0/quota/cpu", "499m", "workspaces[0].quota.cpu", "at least 500m"),
    ("workspaces/0/quota/memory", "255Mi", "workspaces[0].quota.memory", "at least 256Mi"),
    ("workspaces/0/quota/pods", 1, "workspaces[0].quota.pods", "at least 2"),
    ("workspaces/0/quota/services", 0, "workspaces[0].quota.services", "at least 1"),
    ("workspaces/0/container_defaults/cpu_request", "501m", "workspaces[0].container_defaults.cpu_request", "500m"),
    ("workspaces/0/container_defaults/cpu_request", "0.51", "workspaces[0].container_defaults.cpu_request", "500m"),
    (
        "workspaces/0/container_defaults/memory_limit",
        "63Mi",
        "workspaces[0].container_defaults.memory_request",
        "at most memory_limit, 63Mi",
    ),
    ("workspaces/0/services/0/image", "docker.io/web:1", "workspaces[0].services[0].image", "(idp.local/)"),
    ("workspaces/0/services/0/image", "idp.local.evil.example/web:1", "workspaces[0].services[0].image", "idp.local/"),
    ("workspaces/1/services", [service(), service()], "workspaces[1].services[1].name", "services[0] has this one"),
]


@pytest.mark.parametrize(("place", "value", "path", "words"), BROKEN)
def test_a_broken_rule_is_the_only_finding(
    document: Document, refusals: Refusals, place: str, value: object, path: str, words: str
) -> None:
    put(document, place, value)
    [(found, message)] = refusals(document)
    assert found == path
    assert words in message


def test_the_document_that_is_changed_is_valid(document: Document, refusals: Refusals) -> None:
    assert refusals(document) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("workspaces/0/quota/cpu", "500m"),
        ("workspaces/0/quota/memory", "256Mi"),
        ("workspaces/0/quota/pods", 2),
        ("workspaces/0/quota/services", 1),
        ("workspaces/0/container_defaults/cpu_request", "0.5"),
        ("workspaces/0/container_defaults/memory_limit", "64Mi"),
        ("workspaces", []),
        ("workspaces/1/services", [service(), service(name="other")]),
    ],
)
def test_what_just_fits_is_let_through(document: Document, refusals: Refusals, place: str, value: object) -> None:
    put(document, place, value)
    assert refusals(document) == []


def test_local_may_have_files_a_passphrase_and_no_kubeconfig(document: Document, refusals: Refusals) -> None:
    assert refusals(local(document)) == []


def test_local_may_also_be_remote(document: Document, refusals: Refusals) -> None:
    document["name"] = "local"
    assert refusals(document) == []


def test_the_loopback_cluster_has_one_version_and_no_context(document: Document, refusals: Refusals) -> None:
    local(document)["cluster"] = {"version": "1.34", "context": "kind"}
    assert [path for path, _ in refusals(document)] == ["cluster.version", "cluster.context"]


def test_a_name_is_taken_once(document: Document, refusals: Refusals) -> None:
    document["workspaces"].append(copy.deepcopy(document["workspaces"][1]))
    [(path, message)] = refusals(document)
    assert path == "workspaces[2].name"
    assert "workspaces[1] has this one" in message


def test_local_on_a_cluster_of_its_own_has_that_ones_version(document: Document, refusals: Refusals) -> None:
    local(document)["cluster"] = {"kubeconfig": "~/.kube/config", "context": "kind-idp", "version": "1.34"}
    assert refusals(document) == []


def test_rules_are_tried_beside_mistakes_elsewhere(document: Document, refusals: Refusals) -> None:
    document["colour"] = "blue"
    document["owner"] = 7
    document["state"]["backend"] = "file"
    document["workspaces"][0]["quota"]["cpu"] = "100m"
    document["workspaces"][0]["surprise"] = 1
    document["workspaces"][1]["name"] = "shop"
    document["workspaces"][1]["cost_centre"] = None
    assert {path for path, _ in refusals(document)} == {
        "colour",
        "owner",
        "state.backend",
        "workspaces[0].quota.cpu",
        "workspaces[0].surprise",
        "workspaces[0].network.ingress_from[0]",
        "workspaces[1].name",
        "workspaces[1].cost_centre",
    }


def test_a_workspace_with_a_mistake_can_still_be_referred_to(document: Document, refusals: Refusals) -> None:
    document["workspaces"][1]["owner"] = "Not A Slug"
    assert [path for path, _ in refusals(document)] == ["workspaces[1].owner"]
