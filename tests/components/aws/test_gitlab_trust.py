"""Who gets which role by a GitLab token: genuine claims, and forged ones that get neither.

Judged by the documents that the component makes and IAM's rules for conditions (`Judge` in conftest). The emulator is
no help here: moto 5.2.5 answers `AssumeRoleWithWebIdentity` without looking at the token or the role's trust policy.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.gitlab_access import Project, deploy_subjects, preview_subjects
from components.aws.gitlab_access import trust as trust_in

ACCOUNT, HOST = "123456789012", "gitlab.example"
URL = f"https://{HOST}"
BOTH, PREVIEW, NEITHER = {"preview", "deploy"}, {"preview"}, set[str]()


def sub(project: str, ref: str, kind: str = "branch") -> str:
    return f"project_path:{project}:ref_type:{kind}:ref:{ref}"


def roles(trust: dict[str, Any], claims: dict[str, object], issuer: str = URL) -> set[str]:
    """Return the roles that a token with these claims gets; `issuer` signed it."""
    host = issuer.removeprefix("https://")
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    context = {f"{host}:{claim}": value for claim, value in claims.items()}
    return {role for role, judge in trust.items() if judge.trusts(provider, context)}


GENUINE: list[tuple[str, set[str]]] = [
    (sub("platform/idp", "main"), BOTH),
    (sub("platform/idp", "release/1"), BOTH),
    (sub("platform/other", "main"), BOTH),
    (sub("platform/idp", "feature/x"), PREVIEW),
    (sub("platform/other", "release/1"), PREVIEW),
    (sub("platform/idp", "refs/merge-requests/7/head"), PREVIEW),
    (sub("platform/idp", "refs/merge-requests/7/merge"), PREVIEW),
    (sub("platform/idp", "Main"), PREVIEW),
    (sub("platform/idp", "main2"), PREVIEW),
    (sub("platform/idp", "xmain"), PREVIEW),
    (sub("platform/idp", "main/x"), PREVIEW),
    (sub("platform/idp", "release/10"), PREVIEW),
    (sub("platform/idp", "release/"), PREVIEW),
    (sub("platform/idp", "*"), PREVIEW),
    (sub("platform/idp", "mai?"), PREVIEW),
    (sub("platform/idp", "refs/heads/main"), PREVIEW),
    (sub("platform/idp", "main "), PREVIEW),
    (sub("platform/idp", "main\n"), PREVIEW),
]

FORGED: list[str] = [
    sub("evil/idp", "main"),
    sub("platform/idp-evil", "main"),
    sub("platform/idp/evil", "main"),
    sub("platform/id", "main"),
    sub("platform", "main"),
    sub("evil/platform/idp", "main"),
    sub("evil-platform/idp", "main"),
    sub("platform/evil", "main"),
    sub("platform/idp.evil", "main"),
    sub("Platform/IDP", "main"),
    sub("platform/IDP", "main"),
    sub("platform/idp ", "main"),
    sub(" platform/idp", "main"),
    sub("platform/idp/", "main"),
    sub("platform//idp", "main"),
    sub("platform%2Fidp", "main"),
    sub("platform/idp", "main", "tag"),
    sub("platform/idp", "v1.0", "tag"),
    sub("platform/idp", "main", "Branch"),
    sub("platform/idp", "main", "branch2"),
    sub("platform/idp", "main", ""),
    sub("platform/idp", "main", "*"),
    sub("*", "main"),
    sub("platform/*", "main"),
    sub("platform/???", "main"),
    sub("*/idp", "*"),
    "project_path:*",
    "*",
    "",
    " ",
    "platform/idp",
    "project_path:platform/idp",
    "project_path:platform/idp:ref_type:branch",
    "project_path:platform/idp:ref_type:branch:ref",
    "project_path:platform/idp:ref:main",
    "project_path:platform/idp:ref:main:ref_type:branch",
    f"x{sub('platform/idp', 'main')}",
    f" {sub('platform/idp', 'main')}",
    f"\n{sub('platform/idp', 'main')}",
    sub("platform/idp", "main").upper(),
    sub("platform/idp", "main").replace("project_path", "project_id"),
    sub("evil/idp:ref_type:branch:ref:platform/idp", "main"),
    sub("evil/project_path:platform/idp", "main"),
    "${aws:username}",
]


@pytest.mark.parametrize(("subject", "expected"), GENUINE)
def test_who_gets_what(trust: dict[str, Any], subject: str, expected: set[str]) -> None:
    assert roles(trust, {"sub": subject, "aud": URL}) == expected


@pytest.mark.parametrize("subject", FORGED, ids=repr)
def test_a_forged_subject_gets_neither(trust: dict[str, Any], subject: str) -> None:
    assert roles(trust, {"sub": subject, "aud": URL}) == NEITHER


AUDIENCES: list[object] = [
    "", "*", "https://*", "sts.amazonaws.com", "https://gitlab.com", "https://gitlab.example/", "https://GitLab.example",
    "http://gitlab.example", "gitlab.example", "https://gitlab.example.evil.example", "https://gitlab.exampl?", None, 7,
    [URL], [URL, "other"], ["other", URL], [], {"aud": URL},
]  # fmt: skip


@pytest.mark.parametrize("audience", AUDIENCES, ids=repr)
def test_another_audience_gets_neither(trust: dict[str, Any], audience: object) -> None:
    assert roles(trust, {"sub": sub("platform/idp", "main"), "aud": audience}) == NEITHER


@pytest.mark.parametrize("subject", [None, 7, True, [], {}, [sub("platform/idp", "main")], ["x", "y"]], ids=repr)
def test_a_subject_that_is_no_text_gets_neither(trust: dict[str, Any], subject: object) -> None:
    assert roles(trust, {"sub": subject, "aud": URL}) == NEITHER


@pytest.mark.parametrize("claims", [{}, {"sub": sub("platform/idp", "main")}, {"aud": URL}, {"Sub": "x", "Aud": URL}])
def test_a_missing_claim_gets_neither(trust: dict[str, Any], claims: dict[str, object]) -> None:
    assert roles(trust, claims) == NEITHER


@pytest.mark.parametrize(
    "issuer", ["https://gitlab.com", "https://gitlab.example.evil.example", "https://evil.example", "https://example"]
)
def test_another_issuer_gets_neither(trust: dict[str, Any], issuer: str) -> None:
    """Its token has the right claims, under its own name and audience or ours."""
    for audience in (URL, issuer):
        assert roles(trust, {"sub": sub("platform/idp", "main"), "aud": audience}, issuer) == NEITHER


def test_claims_under_the_name_of_another_provider_count_for_nothing(trust: dict[str, Any]) -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
    context = {"evil.example:sub": sub("platform/idp", "main"), "evil.example:aud": URL}
    assert not any(judge.trusts(provider, context) for judge in trust.values())


pieces = st.sampled_from(
    ["project_path:", "platform/idp", "platform/other", "evil/idp", ":ref_type:", "branch", "tag", ":ref:", "main",
     "release/1", "*", "?", ":", "/", " ", "\n", "-evil"]
)  # fmt: skip
subjects = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=12).map("".join))


@given(subject=subjects)
def test_only_the_exact_subjects_deploy(trust: dict[str, Any], subject: str) -> None:
    deploys = {sub("platform/idp", "main"), sub("platform/idp", "release/1"), sub("platform/other", "main")}
    found = roles(trust, {"sub": subject, "aud": URL})
    assert ("deploy" in found) == (subject in deploys)
    branches = tuple(sub(project, "") for project in ("platform/idp", "platform/other"))
    assert ("preview" in found) == subject.startswith(branches)


@pytest.mark.parametrize("text", ["*", "platform/*", "platform/id?", "${aws:username}", "a:b", "", "release/*"])
def test_a_pattern_is_neither_a_project_nor_a_branch(text: str) -> None:
    with pytest.raises(ValueError, match="is not allowed: the exact path of a project, or name of a branch"):
        Project(path=text, branches=("main",))
    with pytest.raises(ValueError, match="is not allowed"):
        Project(path="platform/idp", branches=("main", text))


def test_without_projects_there_is_no_role() -> None:
    with pytest.raises(ValueError, match="none is not allowed: at least one"):
        trust_in("arn", URL, deploy_subjects([]))
    with pytest.raises(ValueError, match="none is not allowed: at least one"):
        trust_in("arn", URL, preview_subjects([]))


def test_the_deploy_role_is_bound_by_equality(built: Any) -> None:  # noqa: ANN401 - a fixture
    [statement] = built.document("Role idp-test-deploy", "assumeRolePolicy")["Statement"]
    assert set(statement["Condition"]) == {"StringEquals"}
    assert statement["Principal"] == {"Federated": [f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"]}


def test_a_gitlab_below_a_path_is_named_with_it() -> None:
    [audience, subject] = trust_in("arn", "https://acme.example/gitlab", ["x"]).conditions["StringEquals"]
    assert (audience, subject) == ("acme.example/gitlab:aud", "acme.example/gitlab:sub")
