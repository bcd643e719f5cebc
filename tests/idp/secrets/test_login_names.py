"""The command imports no component, so the names of people's logins are there twice."""

from __future__ import annotations

from components.vault import kubernetes_login, paths, people_login
from components.workspace_access import VAULT_MAINTAINER
from idp import vault
from idp.secrets import browser, login


def test_the_command_logs_in_as_the_layer_lets_people_in() -> None:
    assert login.ACCOUNT == VAULT_MAINTAINER
    assert login.MOUNT == paths.KUBERNETES
    assert vault.AUDIENCE == paths.AUDIENCE
    assert (browser.MOUNT, browser.ROLE) == (paths.PEOPLE, people_login.ROLE)
    assert f"http://localhost:{browser.PORT}{browser.CALLBACK}" == people_login.COMMAND_LINE


def test_a_person_s_login_ends_soon() -> None:
    assert 0 < kubernetes_login.PEOPLE_SECONDS <= 900
