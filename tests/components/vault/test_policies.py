"""What holds for every policy, whatever the teams are called."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.vault import paths, policies
from environments.vocabulary import LABEL

NAMES = st.from_regex(re.compile(LABEL), fullmatch=True).filter(lambda name: len(name) <= 40)
TEAMS = st.lists(NAMES, min_size=2, max_size=6, unique=True)
PLATFORM = {"idp-preview": policies.preview(), "idp-deploy": policies.deploy()}

DEMANDING = re.compile(r"sys/(auth/(gitlab|kubernetes|people)(/tune)?|audit(/(file|stdout))?)")
"""Paths of the layer for which Vault itself demands sudo."""

SECRET = re.compile(
    r".*/(data|delete|undelete|destroy|metadata|encrypt|decrypt|creds|sts|issue|sign|export|backup|hmac|random)(/.*|\*)?"
)
"""Paths that give or change a team's secrets, or use its keys."""


def matches(pattern: str, path: str) -> bool:
    """Tell whether Vault takes `path` for one of `pattern` (`*` at the end: any rest; `+`: one part)."""
    parts = re.escape(pattern.removesuffix("*")).replace(r"\+", "[^/]+")
    return re.fullmatch(parts + (".*" if pattern.endswith("*") else ""), path) is not None


@given(TEAMS)
def test_a_team_has_no_path_outside_its_own_folder(teams: list[str]) -> None:
    for team in teams:
        for rules in policies.of_team(team).values():
            assert all(path.startswith(f"team/{team}/") for path in rules)


@given(TEAMS)
def test_no_policy_of_a_team_matches_a_path_of_another(teams: list[str]) -> None:
    for mine, other in itertools.permutations(teams, 2):
        theirs = {path.replace("*", "x") for rules in policies.of_team(other).values() for path in rules}
        for rules in policies.of_team(mine).values():
            assert not [path for path in theirs for pattern in rules if matches(pattern, path)]


@given(NAMES)
def test_a_wildcard_is_never_a_root_and_sudo_is_never_a_teams(team: str) -> None:
    for rules in policies.of_team(team).values():
        for path, capabilities in rules.items():
            assert "+" not in path
            assert path.count("*") == path.endswith("/*")
            # A wildcard begins below an operation of one engine: `team/TEAM/kv/data/*`.
            assert path.count("/") >= 4 or "*" not in path
            assert set(capabilities) <= {"create", "read", "update", "delete", "list", "patch"}


@given(NAMES)
def test_only_people_who_keep_secrets_write_them(team: str) -> None:
    writing = {
        kind
        for kind, rules in policies.of_team(team).items()
        for path, capabilities in rules.items()
        if path.startswith(f"{paths.kv(team)}/") and {"create", "update", "patch", "delete"} & set(capabilities)
    }
    assert writing == {"maintainer"}


@given(NAMES)
def test_pods_and_jobs_read_their_own_folders_only(team: str) -> None:
    known = policies.of_team(team)
    folders = {kind: {path for path in rules if path.startswith(f"{paths.kv(team)}/")} for kind, rules in known.items()}
    base = f"team/{team}/kv/data"
    assert folders["pod"] == {f"{base}/app/*"}
    assert folders["job"] == {f"{base}/ci/*"}
    assert folders["protected-job"] == {f"{base}/ci/*", f"{base}/deploy/*"}
    assert folders["reader"] == folders["developer"] == {f"team/{team}/kv/metadata/*"}


@given(TEAMS)
def test_names_of_policies_are_apart(teams: list[str]) -> None:
    names = [policies.name(kind, team) for kind in policies.KINDS for team in teams]
    assert len(set(names)) == len(names)
    assert not {name for name in names if name.startswith("idp-")}


def test_every_kind_has_rules() -> None:
    assert tuple(policies.of_team("shop")) == policies.KINDS


@pytest.mark.parametrize("name", ["", "*", "+", "a*", "a/b", "..", "A", "a b", "a-", "sys/a", "a\n"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a DNS label"):
        policies.of_team(name)


@pytest.mark.parametrize("rules", PLATFORM.values(), ids=PLATFORM)
def test_the_platform_has_sudo_only_where_vault_demands_it_and_never_a_secret(rules: policies.Rules) -> None:
    for path, capabilities in rules.items():
        assert "sudo" not in capabilities or DEMANDING.fullmatch(path), path
        assert not SECRET.fullmatch(path), path
        assert path not in ("*", "sys/*", "auth/*", "team/*", "sys/policies/acl/*", "sys/auth/*", "sys/mounts/auth/*")


def test_a_preview_changes_nothing_but_makes_its_own_token() -> None:
    changing = {path for path, can in policies.preview().items() if set(can) - {"read", "list"}}
    assert changing == {"auth/token/create"}


@given(NAMES)
def test_no_platform_pattern_reaches_a_secret_of_a_team(team: str) -> None:
    secret = [path.replace("*", "x") for rules in policies.of_team(team).values() for path in rules]
    shared = f"{paths.transit(team)}/keys/{paths.KEY}"
    for rules in PLATFORM.values():
        for path in secret:
            found = [pattern for pattern in rules if matches(pattern, path)]
            # The state of a key, such as its versions: never the key.
            assert not found or path == shared, (path, found)


def test_the_deploy_role_can_not_change_its_own_policy() -> None:
    deploy = policies.deploy()
    reaching = [
        path for path, can in deploy.items() if matches(path, "sys/policies/acl/idp-deploy") if "list" not in can
    ]
    assert reaching == []


@given(NAMES)
def test_a_document_says_what_the_rules_say(team: str) -> None:
    for rules in policies.of_team(team).values():
        said = json.loads(policies.document(rules))["path"]
        assert {path: tuple(rule["capabilities"]) for path, rule in said.items()} == {
            k: tuple(v) for k, v in rules.items()
        }
