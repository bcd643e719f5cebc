"""Rules of secrets: each broken alone, with the place and the words that help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from environments import schema
from environments.loading import parse

Document = dict[str, Any]
Refusals = Callable[[Document], list[tuple[str, str]]]
VALIDATOR = Draft202012Validator(schema())

PROJECTS = "workspaces[0].gitlab_projects"
FILES, FILES_OF_WEB = "workspaces/0/services/0/secrets", "workspaces[0].services[0].secrets"
BROKEN: list[tuple[str, object, str, str]] = [
    ("secrets/address", "http://127.0.0.1:8200", "secrets.address", "https://"),
    ("secrets/ca_file", "vault.pem", "secrets.ca_file", "the absolute path"),
    ("secrets/gitlab/url", "https://gitlab.com/", "secrets.gitlab.url", "without a port or a slash"),
    ("secrets/gitlab/projects", [], "secrets.gitlab.projects", "at least 1"),
    ("secrets/gitlab/projects/0/branches", [], "secrets.gitlab.projects[0].branches", "at least 1"),
    ("secrets/gitlab/projects/0/branches", ["*"], "secrets.gitlab.projects[0].branches[0]", "never a pattern"),
    ("secrets/gitlab/projects/0/id", "1", "secrets.gitlab.projects[0].id", "without quotes"),
    ("secrets/people/issuer", "login.acme.example", "secrets.people.issuer", "https://"),
    ("secrets/protect", "yes", "secrets.protect", "true or false"),
    ("workspaces/0/gitlab_projects/0/path", "shop/*", f"{PROJECTS}[0].path", "never a pattern"),
    ("workspaces/0/gitlab_projects/0/id", 0, f"{PROJECTS}[0].id", "a whole number from 1"),
    ("workspaces/0/gitlab_projects/1/id", 11, f"{PROJECTS}[1].id", f"({PROJECTS}[0] is this one)"),
    ("workspaces/0/gitlab_projects/1/path", "shop/web", f"{PROJECTS}[1].path", "not taken yet"),
    ("workspaces/0/gitlab_projects/1/id", 1, f"{PROJECTS}[1].id", "(secrets.gitlab.projects[0] is this one)"),
    (
        "workspaces/1/gitlab_projects",
        [{"path": "pay/x", "id": 12}],
        "workspaces[1].gitlab_projects[0].id",
        f"({PROJECTS}[1] is this one)",
    ),
    ("workspaces/0/database/reader_role", "x; drop", "workspaces[0].database.reader_role", "a-z, 0-9 and _"),
    ("workspaces/0/database/host", "10.0.0.1", "workspaces[0].database.host", "a fully qualified domain name"),
    (f"{FILES}/0/path", "../deploy/key", f"{FILES_OF_WEB}[0].path", "below app/"),
    (f"{FILES}/0/path", "/payment", f"{FILES_OF_WEB}[0].path", "below app/"),
    (f"{FILES}/0/path", 'x" }}{{ env "HOME', f"{FILES_OF_WEB}[0].path", "below app/"),
    (f"{FILES}/0/field", "a b", f"{FILES_OF_WEB}[0].field", "the name of a field"),
    (f"{FILES}/0/file", "../../etc/passwd", f"{FILES_OF_WEB}[0].file", "without a folder"),
    (f"{FILES}/0/optional", "yes", f"{FILES_OF_WEB}[0].optional", "true or false"),
    (f"{FILES}/1/file", "payment.key", f"{FILES_OF_WEB}[1].file", "not taken yet (secrets[0] has this one)"),
    ("workspaces/0/quota/memory", "383Mi", "workspaces[0].quota.memory", "at least 384Mi, the sum"),
    ("workspaces/0/quota/cpu", "509m", "workspaces[0].quota.cpu", "at least 510m, the sum"),
    ("secrets/aws_region", None, "workspaces[0].aws_role_arn", "`secrets.aws_region` is null"),
]
UNEXPRESSIBLE = ("is this one", "not taken yet", "the sum")
"""Words of rules that JSON Schema has no way to say."""


def put(document: Document, place: str, value: object) -> None:
    *above, last = [int(step) if step.isdigit() else step for step in place.split("/")]
    inside: Any = document
    for step in above:
        inside = inside[step]
    inside[last] = value


@pytest.mark.parametrize(("place", "value", "path", "words"), BROKEN)
def test_a_broken_rule_is_the_only_finding(
    secretive: Document, refusals: Refusals, place: str, value: object, path: str, words: str
) -> None:
    put(secretive, place, value)
    [(found, message)] = refusals(secretive)
    assert found == path
    assert words in message
    assert VALIDATOR.is_valid(secretive) == any(part in words for part in UNEXPRESSIBLE)


def test_the_document_that_is_changed_is_valid(secretive: Document, refusals: Refusals) -> None:
    assert refusals(secretive) == []
    assert VALIDATOR.is_valid(secretive)


@pytest.mark.parametrize("secrets", [None, "absent"])
def test_what_has_no_effect_without_secrets_is_refused(
    secretive: Document, refusals: Refusals, secrets: str | None
) -> None:
    secretive["secrets"] = None
    if secrets:
        del secretive["secrets"]
    names = ("aws_role_arn", "database", "gitlab_projects")
    places = [*(f"workspaces[0].{name}" for name in names), FILES_OF_WEB]
    assert sorted(path for path, _ in refusals(secretive)) == places
    for name in names:
        assert not VALIDATOR.is_valid(secretive)
        del secretive["workspaces"][0][name]
    assert not VALIDATOR.is_valid(secretive)
    secretive["workspaces"][0]["services"][0]["secrets"] = []
    assert refusals(secretive) == []
    assert VALIDATOR.is_valid(secretive)


def test_rules_are_tried_beside_mistakes_elsewhere(secretive: Document, refusals: Refusals) -> None:
    secretive["secrets"]["surprise"] = 1
    secretive["workspaces"][0]["gitlab_projects"][1]["id"] = 11
    assert {path for path, _ in refusals(secretive)} == {"secrets.surprise", f"{PROJECTS}[1].id"}
    secretive["secrets"]["address"] = 7
    assert {path for path, _ in refusals(secretive)} == {"secrets.surprise", "secrets.address", f"{PROJECTS}[1].id"}


def test_the_least_is_enough(secretive: Document) -> None:
    secretive["secrets"] = {key: secretive["secrets"][key] for key in ("address", "gitlab")}
    del secretive["workspaces"][0]["aws_role_arn"]
    secrets = parse(yaml.safe_dump(secretive).encode(), "mr-42").secrets
    assert secrets
    assert (secrets.protect, secrets.people, secrets.aws_region, secrets.ca_file) == (True, None, None, None)
