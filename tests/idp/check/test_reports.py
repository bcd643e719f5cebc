"""Reports: complete, in the form that their readers ask for, the same finding the same one, no value anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from idp.check import codequality, listing, render, sarif
from idp.check.judge import Judged, Said, Verdict
from idp.check.run import Report
from idp.errors import Exit
from policies.catalogue import Catalogue, load
from policies.plain import Plain
from policies.rule import Resource, Severity

from .forms import FORMS, checked, samples

FEW = {
    "container_resources",
    "default_provider",
    "image_pinned",
    "namespace_default_deny",
    "namespace_pod_security",
    "rbac_wildcard",
}
"""Rules of every sort: what becomes of their findings does not depend on how many there are."""
CATALOGUE = Catalogue(tuple(rule for rule in load().rules if rule.id in FEW))
RENDERERS: dict[str, Callable[[Report], str]] = {
    "text": render.text,
    "json": render.rows,
    "sarif": lambda report: sarif.log(report, Exit.VIOLATION),
    "codequality": codequality.issues,
}
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: team
spec:
  template:
    spec:
      containers:
      - name: app
        image: app:latest
      - name: beside
        image: app
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fine}
"""
SHOWN = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
STATE = FORMS["state.json"]([sample for one in samples(CATALOGUE) if one.fails for sample in one.resources]) or ""


def only(*ids: str) -> Catalogue:
    return Catalogue(tuple(rule for rule in CATALOGUE.rules if rule.id in ids))


def issues(report: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(codequality.issues(report))
    return found


def run_of(report: Report, code: Exit = Exit.VIOLATION) -> dict[str, Any]:
    log = json.loads(sarif.log(report, code))
    assert (log["version"], log["$schema"]) == ("2.1.0", sarif.SCHEMA)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Judge every failing sample as a state, a deployment, and a file that is none."""
    monkeypatch.chdir(tmp_path)
    files: dict[str, str | bytes] = {"k8s/a b.yaml": DEPLOYMENT, "state.json": STATE, "not.yaml": "a: [1\n"}
    return checked(tmp_path, files, CATALOGUE)


def test_rows_are_a_list_with_a_row_for_each_resource(everything: Report) -> None:
    rows = json.loads(render.rows(everything))
    assert len(rows) == len(everything.judged)
    assert {row["verdict"] for row in rows} >= {"pass", "fail"}
    for row in rows:
        assert {"path", "kind", "name", "verdict", "violations"} <= row.keys()
        assert (row["verdict"] == "fail") is bool(row["violations"])
        for one in row["violations"]:
            assert {"control", "severity", "message", "remedy"} <= one.keys()
    web, fine = (row for row in rows if row["path"].endswith("a b.yaml"))
    assert (web["kind"], web["name"], web["namespace"], web["line"]) == ("Deployment", "web", "team", 1)
    images = sorted((one["at"], one["line"]) for one in web["violations"] if one["control"] == "image_pinned")
    assert images == [
        ("spec.template.spec.containers[0].image", 11),
        ("spec.template.spec.containers[1].image", 13),
    ]
    assert (fine["line"], fine["verdict"], fine["violations"]) == (15, "pass", [])


def test_text_has_a_line_and_a_remedy_for_each_finding(everything: Report) -> None:
    text = render.text(everything)
    said = [one for judged in everything.judged for one in judged.violations]
    assert text.count("\n  Remedy: ") == len(said)
    assert f"{len(everything.judged)} resources: " in text.splitlines()[-1]
    path = next(one.path for one in everything.judged if one.path.endswith("a b.yaml"))
    assert f"{path}:11: image_pinned (medium) on Deployment team/web, spec.template" in text


def test_sarif_has_what_scanners_need(everything: Report) -> None:
    run = run_of(everything)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in CATALOGUE.rules]
    for rule in rules:
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
        assert rule["help"]["markdown"]
    said = [one for judged in everything.judged for one in (*judged.violations, *judged.unknown)]
    assert len(run["results"]) == len(said) > 0
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        level = rules[result["ruleIndex"]]["defaultConfiguration"]["level"]
        assert (result["kind"], result["level"]) in (("fail", level), ("open", "none"))
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        assert unquote(place["artifactLocation"]["uri"]) in ("k8s/a b.yaml", "state.json")
        assert " " not in place["artifactLocation"]["uri"]
        assert place["region"]["startLine"] >= 1
        assert result["suppressions"] == []
    prints = [result["partialFingerprints"]["resourceControl/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_sarif_says_what_could_not_be_read(everything: Report) -> None:
    (invocation,) = run_of(everything, Exit.INVALID)["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    (told,) = invocation["toolExecutionNotifications"]
    assert "not YAML" in told["message"]["text"]
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "not.yaml"


def test_severities_are_in_the_bands_of_their_words() -> None:
    bands = {"low": (0.1, 3.9), "medium": (4.0, 6.9), "high": (7.0, 8.9), "critical": (9.0, 10.0)}
    for severity, (_, score) in sarif._LEVELS.items():
        low, high = bands[severity.value]
        assert low <= float(score) <= high
    assert set(sarif._LEVELS) == set(codequality._SEVERITIES) == set(Severity)


def test_what_is_not_known_is_open_not_failed(tmp_path: Path) -> None:
    pod = FORMS["preview.json"]([Resource("kubernetes:core/v1:Pod", "p", {"spec": {}})]) or ""
    hidden = pod.replace('"spec": {}', '"spec": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"')
    report = checked(tmp_path, {"a.json": hidden}, only("image_pinned"))
    (result,) = run_of(report)["results"]
    assert (result["kind"], result["level"]) == ("open", "none")
    (row,) = json.loads(render.rows(report))
    assert (row["verdict"], row["violations"]) == ("unknown", [])
    assert row["unknown"] == [{"control": "image_pinned", "at": "spec", "line": row["unknown"][0]["line"]}]
    (issue,) = issues(report)
    assert issue["severity"] == "info"
    assert "is not yet known" in render.text(report)
    assert not report.refused


def test_exempted_findings_do_not_count_and_are_told(tmp_path: Path) -> None:
    def exempted(resource: Judged, finding: Said) -> str | None:
        return "until March, by ann" if (resource.name, finding.control) == ("web", "image_pinned") else None

    report = checked(tmp_path, {"a.yaml": DEPLOYMENT}, only("image_pinned"), exempted)
    assert not report.refused
    (web, _) = json.loads(render.rows(report))
    assert (web["verdict"], web["violations"]) == ("pass", [])
    assert {one["reason"] for one in web["exempted"]} == {"until March, by ann"}
    suppressed = [result["suppressions"] for result in run_of(report)["results"]]
    assert suppressed == [[{"kind": "external", "status": "accepted", "justification": "until March, by ann"}]] * 2
    assert issues(report) == []
    assert "exempted: until March, by ann" in render.text(report)


def test_gitlab_gets_one_issue_for_a_resource_and_a_control(everything: Report) -> None:
    found = issues(everything)
    wanted = {
        (judged.identity, said.control, one is judged.unknown)
        for judged in everything.judged
        for one in (judged.violations, judged.unknown)
        for said in one
    }
    assert len(found) == len(wanted) == len({issue["fingerprint"] for issue in found})
    for issue in found:
        assert issue.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["path"] in ("k8s/a b.yaml", "state.json")
    (image,) = (
        one for one in found if one["check_name"] == "image_pinned" and one["location"]["path"].endswith("yaml")
    )
    assert image["location"] == {"path": "k8s/a b.yaml", "lines": {"begin": 11}}
    assert "(and 1 more)" in image["description"]


def fingerprints(folder: Path, files: dict[str, str]) -> tuple[set[str], set[str]]:
    report = checked(folder, dict(files), CATALOGUE)
    results = run_of(report)["results"]
    return (
        {issue["fingerprint"] for issue in issues(report)},
        {result["partialFingerprints"]["resourceControl/v1"] for result in results},
    )


def test_a_finding_keeps_its_fingerprint_where_its_file_or_line_moves(tmp_path: Path) -> None:
    before = fingerprints(tmp_path / "1", {"a.yaml": DEPLOYMENT})
    moved = "# a\n\n" + DEPLOYMENT.replace("kind: Deployment", "kind:   Deployment\n")
    assert fingerprints(tmp_path / "2", {"x/b.yml": moved}) == before
    assert fingerprints(tmp_path / "3", {"a.yaml": DEPLOYMENT.replace("name: web", "name: other")})[0].isdisjoint(
        before[0]
    )


def test_an_object_that_is_in_several_files_is_several(tmp_path: Path) -> None:
    one, _ = fingerprints(tmp_path / "1", {"a.yaml": DEPLOYMENT})
    both, results = fingerprints(tmp_path / "2", {"dev/a.yaml": DEPLOYMENT, "prod/a.yaml": DEPLOYMENT})
    assert one < both
    assert len(both) == 2 * len(one)
    assert len(results) == 2 * len(fingerprints(tmp_path / "1", {"a.yaml": DEPLOYMENT})[1])


@pytest.mark.parametrize("form", [*FORMS, "sealed"])
def test_100_secrets_are_in_no_report(form: str, tmp_path: Path) -> None:
    canaries = [f"canary{number:03}" for number in range(100)]
    values = iter(canaries)
    env: list[Plain] = [{"name": next(values), "value": next(values)} for _ in range(18)]
    container: dict[str, Plain] = {
        "name": next(values),
        "image": f"{next(values)}:latest",
        "env": env,
        "command": [next(values) for _ in range(10)],
        "resources": {"limits": {"cpu": next(values)}, "requests": next(values)},
    }
    metadata: dict[str, Plain] = {"annotations": {"a": next(values)}, "labels": {"b": next(values), "c": next(values)}}
    data: dict[str, Plain] = {f"k{number}": next(values) for number in range(8)}
    rule: Plain = {"verbs": ["*", next(values)], "resources": [f"*/{next(values)}"], "apiGroups": [next(values)]}
    resources = [
        Resource("kubernetes:core/v1:Pod", "p", {"metadata": metadata, "spec": {"containers": [container]}}),
        Resource("kubernetes:core/v1:Secret", "s", {"data": data, "stringData": {"b": next(values)}}),
        Resource("kubernetes:rbac.authorization.k8s.io/v1:Role", "r", {"rules": [rule]}),
    ]
    text = FORMS["state.json" if form == "sealed" else form](resources) or ""
    if form == "sealed":
        marked = re.compile(r'"(\*/)?canary\d+(:latest)?"')
        text = marked.sub(lambda found: json.dumps({**SHOWN, "plaintext": found[0]}), text)
    broken = "".join(f"{next(values)}: [{next(values)}\n" for _ in range(5))
    torn = f'{{"{next(values)}": "{next(values)}'
    files = {f"a.{form}.json": text, "broken.yaml": broken, "torn.json": torn, "kind.yaml": f"kind: [{next(values)}]\n"}
    files["twice.yaml"] = f"kind: Secret\napiVersion: v1\ndata: {{a: {next(values)}, a: {next(values)}}}\n"
    files["other.yaml"] = "".join(f"{next(values)}: {next(values)}\n" for _ in range(10))
    assert list(values) == []
    notes: list[str] = []
    report = checked(tmp_path, dict(files), CATALOGUE, notes=notes)
    assert {one.verdict for one in report.judged} >= {Verdict.FAIL}
    assert len(report.problems) == 4
    assert len(notes) == 1
    shown = "\n".join([*(write(report) for write in RENDERERS.values()), *map(str, report.problems), *notes])
    assert "canary" not in shown


def test_the_catalogue_is_listed_whole() -> None:
    rows = json.loads(listing.as_json(CATALOGUE))
    assert [row["id"] for row in rows] == [rule.id for rule in CATALOGUE.rules]
    for row, rule in zip(rows, CATALOGUE.rules, strict=True):
        assert row["severity"] == rule.severity.value
        assert row["profile"] == (rule.profile.value if rule.profile else None)
        assert row["standards"] == list(rule.standards)
        assert all(row[key] for key in ("title", "scope", "why", "remedy"))
    table = listing.markdown(CATALOGUE).splitlines()
    assert len(table) == len(CATALOGUE.rules) + 2
    assert {line.count("|") for line in table} == {len(listing.HEADINGS) + 1}
    assert all(rule.id in line for rule, line in zip(CATALOGUE.rules, table[2:], strict=True))
