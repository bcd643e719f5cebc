"""The pack as a process beside an environment file, asked over gRPC: what refuses, what is excused, what is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime.proto import analyzer_pb2

from policies.baseline import written
from policies.enforcer import Known
from policies.run import EVERYTHING

from .pack_copy import copied
from .test_analyzer import ADVISORY, DEPLOYMENT, MANDATORY, NETWORK_POLICY, Analyzer, Said, started, urn
from .test_analyzer import UNKNOWN as HIDDEN

Part = Mapping[str, Any]
Governed = Callable[..., AbstractContextManager[Analyzer]]

RULES = ("container_resources", "default_provider", "image_pinned", "namespace_default_deny")
TODAY = datetime.now(UTC).date()
STACK_TYPE = "pulumi:pulumi:Stack"
WEB = urn(DEPLOYMENT, "web")


@pytest.fixture
def governed(tmp_path: Path) -> Governed:
    """Return a function that starts the pack beside `dev.yaml` with a part `policies`, or with a text of its own."""
    # What becomes of a finding is the same whichever rule it is of.
    pack = copied(tmp_path, RULES)
    (tmp_path / "environments").mkdir()

    @contextmanager
    def start(part: Part | str, *, preview: bool = True) -> Iterator[Analyzer]:
        text = part if isinstance(part, str) else yaml.safe_dump({"name": "dev", "policies": dict(part)})
        (tmp_path / "environments/dev.yaml").write_text(text)
        with started(pack) as analyzer:
            stack = analyzer_pb2.AnalyzerStackConfigureRequest(stack="dev.platform", project="idp", dry_run=preview)
            analyzer.stub.ConfigureStack(stack, timeout=20)
            yield analyzer

    return start


def exemption(resource: str = WEB, days: int = 30, control: str = "image_pinned") -> dict[str, str]:
    return {
        "control": control,
        "resource": resource,
        "owner": "team-shop",
        "reason": "The vendor's next release",
        "expires": (TODAY + timedelta(days)).isoformat(),
    }


def deployment(image: str, space: str = "shop") -> dict[str, object]:
    resources = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}}
    container = {"name": "app", "image": image, "resources": resources}
    return {"metadata": {"namespace": space}, "spec": {"template": {"spec": {"containers": [container]}}}}


BAD = deployment("app:latest")


def levels(said: list[Said]) -> list[str]:
    return [one.level for one in said]


def told(said: list[Said]) -> str:
    return "\n".join(one.message for one in said)


def test_an_exempted_finding_is_told_and_refuses_nothing(governed: Governed) -> None:
    with governed({"exemptions": [exemption()]}) as analyzer:
        [found] = analyzer.analyze(DEPLOYMENT, BAD, name="web")
        assert levels(analyzer.analyze(DEPLOYMENT, BAD, name="other")) == [MANDATORY]
        [closing] = analyzer.analyze_stack([(DEPLOYMENT, "web", BAD)])
    assert found.level == closing.level == ADVISORY
    assert "image_pinned (medium) on web, spec.template.spec.containers[0].image: has the tag" in found.message
    until = exemption()["expires"]
    assert f"\n  Exempted: until {until}, by team-shop: The vendor's next release" in found.message
    listed = f"\n- image_pinned on {WEB}, until {until}, by team-shop, findings: 1: The vendor's next release"
    assert f"exemptions of this stack:{listed}" in closing.message
    assert "unused" not in closing.message


@pytest.mark.parametrize(("pattern", "excused"), [("shop", True), ("sh*", True), ("shopping", False)])
def test_a_namespace_is_exempted(governed: Governed, pattern: str, excused: bool) -> None:
    with governed({"exemptions": [exemption(f"namespace:platform/{pattern}")]}) as analyzer:
        assert levels(analyzer.analyze(DEPLOYMENT, BAD)) == [ADVISORY if excused else MANDATORY]
        closing = told(analyzer.analyze_stack([(DEPLOYMENT, "thing", BAD)]))
    assert ("unused exemption: image_pinned on namespace:platform/shopping matches no finding" in closing) != excused


def test_an_expired_exemption_refuses_before_anything_is_made_and_is_told_once(governed: Governed) -> None:
    with governed({"exemptions": [exemption(days=-1)]}) as analyzer:
        first = analyzer.analyze(STACK_TYPE, {}, name="idp-dev.platform")
        later = [analyzer.analyze(DEPLOYMENT, BAD, name="web"), analyzer.analyze_stack([])]
    assert levels(first) == [MANDATORY]
    assert f"expired exemption: image_pinned on {WEB} held until {exemption(days=-1)['expires']}" in first[0].message
    assert levels(later[0]) == [MANDATORY]
    assert "expired exemption" not in told(later[0])
    assert levels(later[1]) == [ADVISORY]
    assert f"- image_pinned on {WEB}, until" in told(later[1])


def test_an_exemption_of_another_layer_is_not_ours(governed: Governed) -> None:
    other = WEB.replace("dev.platform", "dev.workspaces")
    with governed({"exemptions": [exemption(other, days=-1)]}) as analyzer:
        assert not analyzer.analyze(STACK_TYPE, {}, name="idp-dev.platform")
        assert levels(analyzer.analyze(DEPLOYMENT, BAD, name="web")) == [MANDATORY]
        assert not analyzer.analyze_stack([])


@pytest.mark.parametrize(
    ("part", "level"),
    [
        ({"enforcement": "advisory"}, ADVISORY),
        ({"controls": [{"control": "image_pinned", "enforcement": "advisory"}]}, ADVISORY),
        (
            {"enforcement": "advisory", "controls": [{"control": "image_pinned", "enforcement": "mandatory"}]},
            MANDATORY,
        ),
    ],
)
def test_the_file_says_what_refuses(governed: Governed, part: Part, level: str) -> None:
    with governed(part) as analyzer:
        [found] = analyzer.analyze(DEPLOYMENT, BAD)
    assert found.level == level
    assert ("\n  Advisory: the environment's file says so" in found.message) == (level == ADVISORY)


@pytest.mark.parametrize(
    "text",
    [
        "policies: {",
        "policies: {controls: [{control: image_pined, enforcement: advisory}]}",
    ],
)
def test_what_cannot_be_used_refuses_the_stack_in_one_line(governed: Governed, text: str) -> None:
    with governed(text) as analyzer:
        [first] = analyzer.analyze(STACK_TYPE, {}, name="idp-dev.platform")
        [second] = analyzer.analyze(DEPLOYMENT, BAD)
    assert first.level == second.level == MANDATORY
    [line] = [line for line in first.message.splitlines() if "cannot be used" in line]
    assert line.startswith("the environment's policies cannot be used: dev.yaml: ")
    assert "cannot be used" not in second.message


def test_what_cannot_be_used_refuses_at_the_end_too_where_nothing_was_asked_before(governed: Governed) -> None:
    with governed("policies:") as analyzer:
        assert levels(analyzer.analyze_stack([(DEPLOYMENT, "web", deployment("app:1"))])) == [MANDATORY]


def test_the_baseline_lets_through_what_it_lists_and_names_what_is_over(governed: Governed, tmp_path: Path) -> None:
    entries = [Known("image_pinned", WEB, 1), Known("image_pinned", urn(DEPLOYMENT, "gone"), 1)]
    (tmp_path / "environments/dev.json").write_text(written(entries))
    with governed({"baseline": "dev.json"}) as analyzer:
        [known] = analyzer.analyze(DEPLOYMENT, BAD, name="web")
        assert levels(analyzer.analyze(DEPLOYMENT, BAD, name="new")) == [MANDATORY]
        [closing] = analyzer.analyze_stack([(DEPLOYMENT, "web", BAD)])
    assert known.level == closing.level == ADVISORY
    assert "\n  Advisory: the baseline lists it" in known.message
    gone = urn(DEPLOYMENT, "gone")
    assert f"obsolete baseline entry: image_pinned finds nothing on {gone}; `idp policy baseline`" in closing.message
    assert WEB not in closing.message


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("preview", [True, False])
def test_strict_refuses_what_an_update_does_not_know(
    governed: Governed,
    strict: bool,
    preview: bool,
) -> None:
    stack = [("kubernetes:core/v1:Namespace", "team", {}), (NETWORK_POLICY, "deny", {"spec": HIDDEN})]
    hidden = deployment(HIDDEN)
    with governed({"strict": strict}, preview=preview) as analyzer:
        assert levels(analyzer.analyze(DEPLOYMENT, hidden, name="web")) == [ADVISORY]
        said = analyzer.analyze_stack([*stack, (DEPLOYMENT, "web", hidden)])
    level = MANDATORY if strict and not preview else ADVISORY
    assert levels(said) == [level] * (1 if preview else 2)


def test_who_asks_for_everything_gets_every_finding_that_is_not_exempted(
    governed: Governed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EVERYTHING, "true")
    (tmp_path / "environments/dev.json").write_text(written([Known("image_pinned", WEB, 1)]))
    excused = exemption(urn(DEPLOYMENT, "other"))
    part = {"enforcement": "advisory", "strict": True, "baseline": "dev.json", "exemptions": [excused]}
    with governed(part, preview=False) as analyzer:
        assert levels(analyzer.analyze(DEPLOYMENT, BAD, name="web")) == [MANDATORY]
        assert levels(analyzer.analyze(DEPLOYMENT, BAD, name="other")) == [ADVISORY]
        assert levels(analyzer.analyze(DEPLOYMENT, deployment(HIDDEN))) == [ADVISORY]
