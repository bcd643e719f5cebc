"""What an agent of Vault is told: for any names that the vocabulary allows, and never for others."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.vault_agent_settings import SecretFile, document

NAMES = st.from_regex("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
FILES = st.lists(
    st.builds(
        SecretFile,
        file=NAMES,
        path=st.lists(NAMES, min_size=1, max_size=3).map("/".join),
        field=st.none() | NAMES,
        optional=st.booleans(),
    ),
    min_size=1,
)
WRONG = [
    "",
    ".",
    "..",
    "../deploy",
    "a/../b",
    "/a",
    "a/",
    "a//b",
    "a b",
    'a"',
    "a}}{{b",
    "a`",
    "${a}",
    "a\n",
    "a*",
    "ä",
]


def said(files: list[SecretFile], *, once: bool = False) -> dict[str, object]:
    told: dict[str, object] = json.loads(
        document("https://vault.test:8200", "kubernetes", "pod-shop", "team/shop/kv", files, once=once)
    )
    return told


@given(FILES)
def test_each_file_is_written_from_the_team_s_own_secrets_and_no_others(files: list[SecretFile]) -> None:
    templates = said(files)["template"]
    assert isinstance(templates, list)
    assert [one["destination"] for one in templates] == [f"/secrets/{one.file}" for one in files]
    for one, template in zip(files, templates, strict=True):
        # Each action of the template is one of those that are meant.
        actions = re.findall(r"\{\{ (.*?) \}\}", template["contents"])
        path = f"team/shop/kv/data/app/{one.path}"
        assert [action for action in actions if action.startswith("with")] == [
            f'with secret "{read}"'
            for read in (path, f"{path}/has-no-field/{one.field}")[: 1 if one.field is None else 2]
        ]
        assert len(actions) == (3 if one.field is None else 9)
        assert template["error_on_missing_key"]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("part", ["file", "path", "field"])
def test_a_name_that_could_mean_something_else_is_refused(part: str, wrong: str) -> None:
    with pytest.raises(ValueError, match="is not allowed: letters, digits"):
        said([SecretFile(**{"file": "a", "path": "a", "field": "a", part: wrong})])


@pytest.mark.parametrize("wrong", WRONG)
def test_so_is_a_role_or_a_mount(wrong: str) -> None:
    files = [SecretFile(file="a", path="a")]
    for login, role, kv in ((wrong, "pod-a", "team/a/kv"), ("kubernetes", wrong, "team/a/kv"), ("k", "pod-a", wrong)):
        with pytest.raises(ValueError, match="is not allowed: letters, digits"):
            document("https://vault.test", login, role, kv, files, once=True)


def test_it_waits_for_what_is_not_there() -> None:
    for once in (True, False):
        told = said([SecretFile(file="a", path="a")], once=once)
        assert told["exit_after_auth"] is once
        settings = told["template_config"]
        assert isinstance(settings, dict)
        assert settings["exit_on_retry_failure"] is False
