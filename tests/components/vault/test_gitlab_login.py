"""What a token must say for each role."""

from __future__ import annotations

import pytest

from components.vault import gitlab_claims, kubernetes_login, people_login
from components.vault.gitlab_claims import DeployingProject, Project, claims, deploy_role, preview_claims

SHOP = [Project("shop/web", 11), Project("shop/api", 12)]
IDP = DeployingProject("platform/idp", 1, ["main"])


def test_a_job_is_bound_to_number_path_and_protection() -> None:
    said = {"project_id": "11,12", "project_path": "shop/web,shop/api"}
    assert claims(SHOP, protected_in=None) == {**said, "ref_protected": "false"}
    assert claims(SHOP, protected_in="prod") == {**said, "ref_protected": "true", "environment": "prod"}


def test_the_deploy_role_takes_named_branches_only() -> None:
    bound = deploy_role(IDP, "https://vault.x")["bound_claims"]
    assert bound == {
        "project_id": "1",
        "project_path": "platform/idp",
        "ref_type": "branch",
        "ref_protected": "true",
        "ref": ["main"],
    }


@pytest.mark.parametrize(
    "bound", [claims(SHOP, protected_in="x"), claims(SHOP, protected_in=None), preview_claims([IDP])]
)
def test_nothing_is_bound_to_a_pattern(bound: dict[str, str]) -> None:
    assert not [value for value in bound.values() if set(value) & set("*?") or not value]


def test_every_token_ends() -> None:
    hour = 3600
    for module, most in ((gitlab_claims, hour), (kubernetes_login, 4 * hour), (people_login, 8 * hour)):
        assert 0 < module.TOKEN_SECONDS <= hour
        assert module.TOKEN_SECONDS <= module.LONGEST_SECONDS <= most
