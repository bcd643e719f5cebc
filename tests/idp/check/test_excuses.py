"""An environment's exemptions and registries, when files are checked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from idp.check.excuses import Excuses
from idp.check.judge import Verdict
from idp.check.run import Report
from policies.catalogue import Catalogue, load
from policies.rule import Resource
from policies.samples import deployment

from .forms import FORMS, checked

RULES = load()
TODAY = date(2026, 11, 25)
URN = "urn:pulumi:dev.platform::idp::*kubernetes:apps/v1:Deployment::deployment-*"
NAMESPACES = ("shop", "shop-2", "bank")


def only(control: str) -> Catalogue:
    return Catalogue(tuple(rule for rule in RULES.rules if rule.id == control))


def of(folder: Path, *exemptions: tuple[str, str, str], registries: tuple[str, ...] = ("known.example/",)) -> Excuses:
    """Return what a file says with exemptions of control, resource and last day."""
    keys = ("control", "resource", "expires")
    listed = [{**dict(zip(keys, one, strict=True)), "owner": "team-shop", "reason": "It ends"} for one in exemptions]
    document = {"platform": {"registries": list(registries)}, "policies": {"exemptions": listed}}
    (folder / "dev.yaml").write_text(yaml.safe_dump(document))
    return Excuses("dev", RULES, TODAY, folder)


def pods(image: str) -> list[Resource]:
    made = deployment({"name": "app", "image": image})
    return [
        Resource(made.type, made.name, {"metadata": {"name": "web", "namespace": name}, **made.props})
        for name in NAMESPACES
    ]


def report(folder: Path, form: str, excuses: Excuses, control: str, image: str = "known.example/app:latest") -> Report:
    (folder / "files").mkdir(exist_ok=True)
    content = FORMS[form](pods(image))
    assert content is not None
    found = checked(folder / "files", {f"a.{form}": content}, only(control), excuses, settings=excuses.settings)
    assert not found.problems
    return found


def failing(found: Report) -> list[str]:
    return [one.namespace for one in found.judged if one.verdict is Verdict.FAIL]


@pytest.mark.parametrize(
    ("form", "resource", "left"),
    [
        ("yaml", "namespace:workspaces/shop*", ["bank"]),
        ("yaml", "namespace:platform/shop", ["shop-2", "bank"]),
        # A manifest has no URN.
        ("yaml", URN, [*NAMESPACES]),
        ("state.json", URN, []),
        ("preview.json", URN, []),
        ("state.json", URN.replace("platform", "workspaces"), [*NAMESPACES]),
        ("state.json", "namespace:platform/shop*", ["bank"]),
        ("state.json", "namespace:workspaces/shop*", [*NAMESPACES]),
    ],
)
def test_what_is_excused(tmp_path: Path, form: str, resource: str, left: list[str]) -> None:
    found = report(tmp_path, form, of(tmp_path, ("image_pinned", resource, "2026-11-25")), "image_pinned")
    assert failing(found) == left
    told = {said.exempted for one in found.judged for said in one.exempted}
    assert told == ({"until 2026-11-25, by team-shop: It ends"} if len(left) < len(NAMESPACES) else set())


def test_another_control_is_not_excused(tmp_path: Path) -> None:
    excuses = of(tmp_path, ("image_digest", "namespace:workspaces/shop*", "2027-01-01"))
    assert failing(report(tmp_path, "yaml", excuses, "image_pinned")) == [*NAMESPACES]


def test_an_expired_exemption_excuses_nothing_and_is_a_violation_itself(tmp_path: Path) -> None:
    excuses = of(tmp_path, ("image_pinned", "namespace:workspaces/shop*", "2026-11-24"))
    assert failing(report(tmp_path, "yaml", excuses, "image_pinned")) == [*NAMESPACES]
    (row,) = excuses.expired(only("image_pinned"))
    assert (row.verdict, row.name) == (Verdict.FAIL, "namespace:workspaces/shop*")
    assert "held until 2026-11-24" in row.violations[0].message
    assert not list(excuses.expired(only("image_digest")))


@pytest.mark.parametrize("form", ["yaml", "state.json"])
@pytest.mark.parametrize(("image", "left"), [("known.example/app:1", []), ("other.example/app:1", [*NAMESPACES])])
def test_images_come_from_the_environment_s_registries(tmp_path: Path, form: str, image: str, left: list[str]) -> None:
    assert failing(report(tmp_path, form, of(tmp_path), "image_registry", image)) == left
