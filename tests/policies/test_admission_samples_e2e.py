"""The samples of all rules that are made of demands: what a real API server takes, it judges as the pack does."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy

import pytest

from idp import toolchain
from policies.admission import AdmissionPolicy, Validation, admission
from policies.catalogue import Catalogue, load
from policies.evaluate import evaluate_resource
from policies.kinds import Variant
from policies.pods import ALL, pod_spec_path
from policies.report import refuses
from policies.rule import Resource, Rule
from tests.policies.admission_objects import (
    BINDINGS,
    COLLECTIONS,
    POLICIES,
    Manifest,
    binding_by_label,
    namespace,
    policy,
    whole,
)
from tests.policies.api_server import ApiServer, started, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

LABEL, SENTINEL = "rule", "sentinel"
RULES = [rule for rule in load().rules if isinstance(rule, Rule) and admission(Catalogue((rule,)))]

FOREIGN = ("gateway.networking.k8s.io",)
"""API groups that this server does not have."""


def policy_name(rule: Rule) -> str:
    return rule.id.replace("_", "-")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    tool = toolchain.ensure(print, ("etcd", "kube-apiserver", "kube-controller-manager")).path
    with started(tmp_path_factory.mktemp("server"), tool, "ImageVolume=true") as running:
        for rule in RULES:
            (made,) = admission(Catalogue((rule,)))
            running.create(POLICIES, policy(made, policy_name(rule)))
            running.create(BINDINGS, binding_by_label(policy_name(rule), LABEL))
        # The server reads all of them in one go, in the order in which they were made.
        last = _always()
        running.create(POLICIES, policy(last, SENTINEL))
        running.create(BINDINGS, binding_by_label(SENTINEL, LABEL))
        probe = {**namespace("probe"), "metadata": {"name": "probe", "labels": {LABEL: SENTINEL}}}
        until("policies in force", lambda: running("POST", "/api/v1/namespaces?dryRun=All", probe).warnings)
        yield running


def _always() -> AdmissionPolicy:
    """Return a policy that no namespace satisfies."""
    return AdmissionPolicy(SENTINEL, (("", "namespaces"),), (), (Validation("always", "false", "always"),))


def completed(rule: Rule, sample: Resource) -> Manifest | None:
    """Return a sample as an object of API version v1 with what the server asks of every such object; else None."""
    match = rule.types.match(sample.type)
    group, _, version = sample.type.removeprefix("kubernetes:").rpartition(":")[0].partition("/")
    if match is None or match.variant is not Variant.WHOLE or version != "v1" or group in FOREIGN:
        return None
    item = deepcopy(sample.props)
    assert isinstance(item, dict)
    given = item.get("metadata")
    if match.kind in COLLECTIONS:
        item = _workload(match.kind, item)
    item |= {"apiVersion": "v1" if group == "core" else f"{group}/v1", "kind": match.kind}
    if match.kind in _NEEDED:
        item["spec"] = _NEEDED[match.kind](item.get("spec") or {})
    metadata = {"name": "sample", **(given if isinstance(given, dict) else {})}
    labels = metadata.get("labels")
    metadata["labels"] = {**(labels if isinstance(labels, dict) else {}), LABEL: policy_name(rule)}
    return {**item, "metadata": metadata}


def _workload(kind: str, item: Manifest) -> Manifest:
    keys = pod_spec_path(kind)
    template: Manifest = item
    for key in keys[:-1]:
        template = template.get(key) or {}
    spec = deepcopy(template.get("spec") or {})
    spec.setdefault("containers", [{}])
    for name in ALL:
        spec[name] = [
            {"name": f"{name.lower()}{number}", "image": "app:1", **one} if isinstance(one, dict) else one
            for number, one in enumerate(spec.get(name) or [])
        ]
        for number, one in enumerate(spec[name]):
            one["name"] = f"{name.lower()}{number}"
    if not spec["ephemeralContainers"]:
        del spec["ephemeralContainers"]
    return whole(kind, {"metadata": {**template.get("metadata", {}), "name": "sample"}, "spec": spec})


def _service(spec: Manifest) -> Manifest:
    return {"ports": [{"port": 80}], **spec}


def _ingress(spec: Manifest) -> Manifest:
    backend = {"service": {"name": "a", "port": {"number": 80}}}
    if not spec.get("rules"):
        return {**spec, "defaultBackend": backend}
    http = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    return {**spec, "rules": [{**one, "http": http} for one in spec["rules"]]}


_NEEDED = {"Service": _service, "Ingress": _ingress}
"""What makes a valid spec of one that is about something else."""


def verdict(rule: Rule, item: Manifest) -> bool:
    """Return whether the pack refuses it."""
    group = item["apiVersion"] if "/" in item["apiVersion"] else "core/v1"
    resource = Resource(f"kubernetes:{group}:{item['kind']}", "sample", item)
    return any(map(refuses, evaluate_resource(Catalogue((rule,)), resource)))


def ask(api: ApiServer, rule: Rule, item: Manifest) -> tuple[bool, bool]:
    """Return whether the server takes an object at all, and whether the rule's policy warns of it."""
    answer = api("POST", f"{collection(api, item)}?dryRun=All", item)
    said = any(f": {rule.id}: " in line for line in answer.warnings)
    return answer.status == http.client.CREATED, said


def make_namespaces(api: ApiServer, items: list[Manifest]) -> None:
    """Make the namespaces that the samples are in; the cluster's own are there."""
    for name in {str(item["metadata"]["namespace"]) for item in items if item["metadata"].get("namespace")}:
        api("POST", "/api/v1/namespaces", namespace(name))


def collection(api: ApiServer, item: Manifest) -> str:
    """Return the path under which the server has objects of a kind."""
    version = item["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    found = next(
        one for one in api("GET", root).body["resources"] if one["kind"] == item["kind"] and "/" not in one["name"]
    )
    place = f"/namespaces/{item['metadata'].get('namespace', 'default')}" if found["namespaced"] else ""
    return f"{root}{place}/{found['name']}"


def test_every_sample_that_the_server_takes_gets_the_packs_verdict(api: ApiServer) -> None:
    compared: Counter[tuple[str, bool]] = Counter()
    asked = {
        rule.id: [item for one in (*rule.passing, *rule.failing) if (item := completed(rule, one))] for rule in RULES
    }
    make_namespaces(api, [item for items in asked.values() for item in items])
    for rule in RULES:
        for item in asked[rule.id]:
            taken, against = ask(api, rule, item)
            if taken:
                refused = verdict(rule, item)
                assert against is refused, (rule.id, item)
                compared[rule.id, refused] += 1
    missing = {
        (name, refused) for name in asked for refused in (True, False) if asked[name] and not compared[name, refused]
    }
    assert not missing
    assert len(RULES) >= 19
