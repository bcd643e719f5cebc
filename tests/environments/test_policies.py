"""Rules of policies: each broken alone, with the place and the words that help."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from environments import schema
from environments.loading import parse
from environments.policies import Policies

Document = dict[str, Any]
Refusals = Callable[[Document], list[tuple[str, str]]]
VALIDATOR = Draft202012Validator(schema())

URN = "urn:pulumi:mr-42.workspaces::idp::*kubernetes:apps/v1:Deployment::shop-web"
POLICIES: Document = {
    "enforcement": "mandatory",
    "controls": [
        {"control": "image_pinned", "enforcement": "advisory"},
        {"control": "default_provider", "enforcement": "mandatory"},
    ],
    "strict": True,
    "exemptions": [
        {
            "control": "container_resources",
            "resource": URN,
            "owner": "team-shop",
            "reason": "The vendor's chart sets no limit; version 2 does",
            "expires": "2027-03-31",
        },
        {
            "control": "container_resources",
            "resource": "namespace:workspaces/shop",
            "owner": "team-shop",
            "reason": "Jobs of one night",
            "expires": "2026-12-01",
        },
    ],
    "baseline": "mr-42.baseline.json",
}

FIRST = "policies.exemptions[0]"
BROKEN: list[tuple[str, object, str, str]] = [
    ("enforcement", "off", "policies.enforcement", "'mandatory' or 'advisory'"),
    ("enforcement", None, "policies.enforcement", "'mandatory' or 'advisory'"),
    ("controls", None, "policies.controls", "a list"),
    ("controls/0/enforcement", "off", "policies.controls[0].enforcement", "'mandatory' or 'advisory'"),
    ("controls/0/control", "*", "policies.controls[0].control", "the id of a control"),
    ("controls/1/control", "image_pinned", "policies.controls[1].control", "not taken yet (controls[0] has this one)"),
    ("strict", "yes", "policies.strict", "true or false"),
    ("exemptions/0/control", "*", f"{FIRST}.control", "the id of a control"),
    ("exemptions/0/resource", "*", f"{FIRST}.resource", "never * alone"),
    ("exemptions/0/resource", "namespace:workspaces/*", f"{FIRST}.resource", "never * alone"),
    (
        "exemptions/0/resource",
        URN.replace("mr-42", "dev"),
        f"{FIRST}.resource",
        "of this environment",
    ),
    ("exemptions/0/owner", "Somebody", f"{FIRST}.owner", "words of a-z"),
    ("exemptions/0/reason", "", f"{FIRST}.reason", "one line of 1 to 200 characters"),
    ("exemptions/0/reason", "a\nb", f"{FIRST}.reason", "one line of 1 to 200 characters"),
    ("exemptions/0/expires", "never", f"{FIRST}.expires", "a day in quotes"),
    ("exemptions/0/expires", None, f"{FIRST}.expires", "a day in quotes"),
    ("exemptions/1/resource", URN, "policies.exemptions[1].resource", "(exemptions[0] has this one)"),
    ("baseline", "../prod.json", "policies.baseline", "without a folder"),
]
UNEXPRESSIBLE = ("has this one", "of this environment")
"""Words of rules that JSON Schema has no way to say."""


@pytest.fixture
def governed(document: Document) -> Document:
    """Return a valid document with policies that name every key."""
    return {**document, "policies": copy.deepcopy(POLICIES)}


def put(document: Document, place: str, value: object) -> None:
    *above, last = [int(step) if step.isdigit() else step for step in place.split("/")]
    inside: Any = document["policies"]
    for step in above:
        inside = inside[step]
    inside[last] = value


def test_the_document_that_is_changed_is_valid(governed: Document, refusals: Refusals) -> None:
    assert refusals(governed) == []
    assert VALIDATOR.is_valid(governed)


@pytest.mark.parametrize(("place", "value", "path", "words"), BROKEN)
def test_a_broken_rule_is_the_only_finding(
    governed: Document, refusals: Refusals, place: str, value: object, path: str, words: str
) -> None:
    put(governed, place, value)
    [(found, message)] = refusals(governed)
    assert found == path
    assert words in message
    assert VALIDATOR.is_valid(governed) == any(part in words for part in UNEXPRESSIBLE)


@pytest.mark.parametrize("key", ["control", "resource", "owner", "reason", "expires"])
def test_an_exemption_says_everything(governed: Document, refusals: Refusals, key: str) -> None:
    del governed["policies"]["exemptions"][0][key]
    [(path, message)] = refusals(governed)
    assert path == f"{FIRST}.{key}"
    assert message.startswith("is missing: ")
    assert not VALIDATOR.is_valid(governed)


def test_a_day_without_quotes_is_told_to_have_them(governed: Document) -> None:
    text = yaml.safe_dump(governed).replace("'2027-03-31'", "2027-03-31")
    with pytest.raises(Exception, match="quote it: '2027-03-31'"):
        parse(text.encode(), "mr-42")


@pytest.mark.parametrize("place", ["enforcement", "controls/0/enforcement"])
def test_prod_is_never_lenient_as_a_whole(governed: Document, refusals: Refusals, place: str) -> None:
    governed["name"] = "prod"
    governed["policies"]["exemptions"] = []
    governed["policies"]["controls"][0]["enforcement"] = "mandatory"
    assert refusals(governed) == []
    assert VALIDATOR.is_valid(governed)
    put(governed, place, "advisory")
    [(path, message)] = refusals(governed)
    assert path == "policies." + place.replace("/0", "[0]").replace("/", ".")
    assert "an exemption or a baseline excuses" in message
    assert not VALIDATOR.is_valid(governed)


def test_without_a_word_everything_refuses(document: Document) -> None:
    policies = parse(yaml.safe_dump(document).encode(), "mr-42").policies
    assert policies == Policies()
    assert (policies.enforcement, policies.controls, policies.exemptions) == ("mandatory", (), ())
    assert (policies.strict, policies.baseline) == (False, None)


def test_rules_are_tried_beside_mistakes_elsewhere(governed: Document, refusals: Refusals) -> None:
    governed["policies"]["surprise"] = 1
    governed["cluster"]["version"] = "one"
    governed["policies"]["exemptions"][1]["resource"] = URN
    assert {path for path, _ in refusals(governed)} == {
        "policies.surprise",
        "cluster.version",
        "policies.exemptions[1].resource",
    }
