"""What a file is, its content tells; what is something else is told, never taken for a resource without faults."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from idp.check.judge import Verdict
from idp.check.manifests import token
from idp.check.run import check
from policies.catalogue import Catalogue, load
from policies.plain import Plain
from policies.samples import sample

from .forms import checked, preview, state

CATALOGUE = load()
IMAGES = Catalogue(tuple(rule for rule in CATALOGUE.rules if rule.id == "image_pinned"))
SPEC: Plain = {"containers": [{"image": "app"}]}
POD = {"apiVersion": "v1", "kind": "Pod", "spec": SPEC}


@pytest.mark.parametrize(
    ("api_version", "kind", "wanted"),
    [
        ("v1", "Pod", "kubernetes:core/v1:Pod"),
        ("apps/v1", "Deployment", "kubernetes:apps/v1:Deployment"),
        ("rbac.authorization.k8s.io/v1", "Role", "kubernetes:rbac.authorization.k8s.io/v1:Role"),
        ("networking.k8s.io/v1", "NetworkPolicy", "kubernetes:networking.k8s.io/v1:NetworkPolicy"),
        ("example.com/v1alpha1", "Widget", "kubernetes:example.com/v1alpha1:Widget"),
    ],
)
def test_tokens_are_those_of_the_provider(api_version: str, kind: str, wanted: str) -> None:
    assert token(api_version, kind) == wanted


def test_every_token_of_the_sdk_is_made_of_its_group_and_version() -> None:
    """The SDK's own classes say under which API version their tokens stand."""
    import pulumi_kubernetes as sdk

    groups: dict[str, Any] = {
        "apps": sdk.apps.v1.Deployment,
        "policy": sdk.policy.v1.PodDisruptionBudget,
        "": sdk.core.v1.Pod,
    }
    groups |= {"batch": sdk.batch.v1.CronJob, "rbac.authorization.k8s.io": sdk.rbac.v1.Role}
    groups |= {"admissionregistration.k8s.io": sdk.admissionregistration.v1.ValidatingAdmissionPolicy}
    groups |= {"apiextensions.k8s.io": sdk.apiextensions.v1.CustomResourceDefinition}
    for group, kind in groups.items():
        api_version = f"{group}/v1" if group else "v1"
        assert kind.pulumi_type == token(api_version, kind.__name__)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("values.yaml", "image: {tag: latest}\n"),
        ("Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"),
        (".gitlab-ci.yml", "test:\n  script: !reference [a, b]\n"),
        ("azure-pipelines.yml", "steps:\n- script: make\n"),
        ("playbook.yaml", "- hosts: all\n"),
        ("package.json", '{"name": "a", "version": "1"}'),
        ("chart.json", '[{"apiVersion": "v1"}]'),
    ],
)
def test_other_files_of_a_folder_are_passed_over_and_refused_by_name(name: str, content: str, tmp_path: Path) -> None:
    notes: list[str] = []
    report = checked(tmp_path, {name: content, "pod.yaml": json.dumps(POD)}, IMAGES, notes=notes)
    assert report.problems == []
    assert [one.verdict for one in report.judged] == [Verdict.FAIL]
    (note,) = notes
    assert f"{name}:1: is something else and passed over" in note
    alone = check([str(tmp_path / name)], IMAGES, BytesIO(), pytest.fail)
    (problem,) = alone.problems
    assert "is something else; allowed are Kubernetes manifests" in problem.message


def test_a_folder_of_other_files_alone_is_no_success(tmp_path: Path) -> None:
    report = checked(tmp_path, {"values.yaml": "a: 1\n", "empty.yaml": "---\n# nothing\n"}, IMAGES)
    assert ["holds nothing to check" in problem.message for problem in report.problems] == [True]


@pytest.mark.parametrize("items", ["", "items: []\n", "items:\n"])
def test_a_list_of_nothing_is_a_success(items: str, tmp_path: Path) -> None:
    report = checked(tmp_path, {"a.yaml": f"apiVersion: v1\nkind: List\n{items}"}, IMAGES)
    assert (report.problems, report.judged) == ([], [])


def test_lists_are_taken_apart(tmp_path: Path) -> None:
    bare = {"metadata": {"name": "bare"}, "spec": SPEC}
    pods = {"apiVersion": "v1", "kind": "PodList", "items": [bare]}
    nested = {"apiVersion": "v1", "kind": "List", "items": [POD, pods]}
    own = {"apiVersion": "example.com/v1", "kind": "AllowList", "items": ["a", "b"]}
    text = json.dumps(nested) + json.dumps(own)
    report = checked(tmp_path, {"a.json": text}, IMAGES)
    assert report.problems == []
    assert [(one.kind, one.name, one.verdict.value) for one in report.judged] == [
        ("Pod", "", "fail"),
        ("Pod", "bare", "fail"),
        ("AllowList", "", "pass"),
    ]


def test_kinds_that_nobody_knows_pass(tmp_path: Path) -> None:
    text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {containers: [{image: app}]}\n"
    (judged,) = checked(tmp_path, {"a.yaml": text}, CATALOGUE).judged
    assert (judged.kind, judged.name, judged.verdict) == ("Widget", "w", Verdict.PASS)


def test_stack_rules_see_all_manifests_of_a_command_and_one_stack_of_each_state(tmp_path: Path) -> None:
    """A namespace in one file is covered by a policy in another, but not by one of another stack."""
    rules = Catalogue(tuple(rule for rule in CATALOGUE.rules if rule.id == "namespace_default_deny"))
    space = sample("core/v1:Namespace", metadata={"name": "team"})
    closed: dict[str, Plain] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    policy = sample("networking.k8s.io/v1:NetworkPolicy", metadata={"namespace": "team"}, spec=closed)
    files = {"a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n", "b/state.json": state([space])}
    files["c/policy.json"] = json.dumps({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", **policy.props})
    files["d/state.json"] = state([space, policy])
    report = checked(tmp_path, dict(files), rules)
    verdicts = [(Path(one.path).relative_to(tmp_path).as_posix(), one.kind, one.verdict.value) for one in report.judged]
    assert verdicts == [
        ("a.yaml", "Namespace", "pass"),
        ("b/state.json", "Namespace", "fail"),
        ("c/policy.json", "NetworkPolicy", "pass"),
        ("d/state.json", "Namespace", "pass"),
        ("d/state.json", "NetworkPolicy", "pass"),
    ]


def _changed(text: str, **changes: object) -> str:
    document = json.loads(text)
    rows = (
        document["deployment"]["resources"]
        if "deployment" in document
        else [one["newState"] for one in document["steps"]]
    )
    rows[0].update(changes)
    return json.dumps(document)


def test_what_a_stack_only_reads_or_deletes_is_not_its_fault(tmp_path: Path) -> None:
    pod = sample("core/v1:Pod", spec=SPEC)
    files = {
        "external.json": _changed(state([pod]), external=True),
        "deleting.json": _changed(state([pod]), delete=True),
        "step.json": preview([pod]).replace('"op": "create"', '"op": "delete"'),
    }
    for name, text in files.items():
        report = checked(tmp_path / name, {name: text}, IMAGES)
        assert report.problems == []
        assert [one.verdict for one in report.judged] == ([Verdict.PASS] if name == "external.json" else [])


def test_a_replacement_is_one_resource(tmp_path: Path) -> None:
    document = json.loads(preview([sample("core/v1:Pod", spec=SPEC)]))
    (step,) = document["steps"]
    document["steps"] = [{**step, "op": op} for op in ("create-replacement", "replace", "delete-replaced")]
    assert len(checked(tmp_path, {"a.json": json.dumps(document)}, IMAGES).judged) == 1


def test_a_preview_that_failed_is_no_success(tmp_path: Path) -> None:
    document = {**json.loads(preview([])), "diagnostics": [{"message": "canary", "severity": "error"}]}
    (problem,) = checked(tmp_path, {"a.json": json.dumps(document)}, IMAGES).problems
    assert "diagnostics[0]: tells of an error" in str(problem)
    assert "canary" not in str(problem)


def test_an_empty_stack_is_a_success(tmp_path: Path) -> None:
    report = checked(tmp_path, {"a.json": '{"version": 3, "deployment": {"manifest": {}}}'}, IMAGES)
    assert (report.problems, report.judged) == ([], [])


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ({"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}, "unknown"),
        ({"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"app:1"'}, "pass"),
        ({"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"app"'}, "fail"),
        ({"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "[" * 1000}, "unknown"),
        ({"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": ""}, "unknown"),
        ({"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}, "unknown"),
        ({"4dabf18193072939515e22adb298388d": "some other mark", "value": "app:1"}, "unknown"),
        ({"4dabf18193072939515e22adb298388d": 7}, "unknown"),
        ("[secret]", "unknown"),
        ("04da6b54-80e4-46f7-96ec-b56ff0331ba9", "unknown"),
        ("app:1", "pass"),
    ],
)
def test_marked_values(value: object, verdict: str, tmp_path: Path) -> None:
    pod = sample("core/v1:Pod", spec={"containers": [{"image": "IMAGE"}]})
    for form in (state, preview):
        text = form([pod]).replace('"IMAGE"', json.dumps(value))
        (judged,) = checked(tmp_path / form.__name__, {"a.json": text}, IMAGES).judged
        assert judged.verdict.value == verdict
