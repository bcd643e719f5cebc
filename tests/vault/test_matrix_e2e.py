"""The authorization matrix: everybody asks for everything, on the real server, and gets what the table says."""

from __future__ import annotations

import os
import subprocess

import pytest

from components.vault import policies
from idp import toolchain

from . import world
from .expected import OF_A_TEAM, OF_VAULT, Request, allowed
from .identities import PROTECTED, Identity, everybody, intruders, job
from .server import Answer, VaultServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PLANTED = {"app/db": "app", "ci/token": "ci", "deploy/key": "deploy", "people/root": "people", "application": "beside"}
DENIED, REFUSED = 403, 400
FOREIGN, FOREIGN_STATUS = "GitLab's token instead of Vault's", 500
"""Vault looks behind the last dot of a token for a namespace, and answers with a fault when there is none of it."""


@pytest.fixture(scope="module")
def planted(standing: VaultServer) -> VaultServer:
    for team in world.TEAMS:
        for name, word in PLANTED.items():
            standing.does("POST", f"team/{team}/kv/data/{name}", {"data": {"value": f"canary-{team}-{word}"}})
    return standing


def wrong(request: Request, team: str, identity: Identity, answer: Answer) -> str | None:
    """Return what is wrong with an answer, or None."""
    may = allowed(request, identity.kind, own=identity.team == team)
    said = f"{identity}: {request.name} ({request.method} {request.path.format(team=team)}): {answer.status}"
    if identity.kind == FOREIGN and answer.status == FOREIGN_STATUS:
        return None
    if (answer.status != DENIED) != may:
        return f"{said}, and it {'may' if may else 'may not'}: {answer.content.get('errors')}"
    text = str(answer.content)
    if may and request.refusal and (answer.status != REFUSED or request.refusal not in text):
        return f"{said}, and that is too much: {text}"
    if may and request.tells and request.tells.format(team=team) not in text:
        return f"{said}, without the secret"
    if not may and "canary" in text:
        return f"{said}, with a secret"
    return None


def test_everybody_gets_what_the_table_says(planted: VaultServer) -> None:
    found, asked = [], 0
    for identity in everybody(planted, world.TEAMS):
        for request, team in [
            *((request, team) for team in world.TEAMS for request in OF_A_TEAM),
            *((request, "") for request in OF_VAULT),
        ]:
            path = request.path.format(team=team)
            answer = planted.call(request.method, path, dict(request.body), identity.token)
            asked += 1
            if problem := wrong(request, team, identity, answer):
                found.append(problem)

    assert asked == (6 * len(world.TEAMS) + 6) * (len(OF_A_TEAM) * len(world.TEAMS) + len(OF_VAULT))
    assert found == [], "\n".join(found)


def test_nobody_else_logs_in(standing: VaultServer) -> None:
    refused, found = 0, []
    for intruder in intruders(standing, world.TEAMS):
        answer = standing.login(intruder.mount, intruder.role, intruder.jwt)
        refused += answer.status in (400, 403)
        if answer.status not in (400, 403) or "auth" in answer.content:
            found.append(f"{intruder}: {answer.status}")

    assert found == []
    assert refused > 50 * len(world.TEAMS)


def test_the_secrets_are_in_no_log(planted: VaultServer) -> None:
    audit = (planted.folder / "audit.log").read_text()
    assert audit.count("\n") > 1000
    assert "hmac-sha256:" in audit
    for text in (audit, planted.log.read_text()):
        assert "canary" not in text
        assert "PRIVATE KEY" not in text


def test_every_token_ends_soon(standing: VaultServer) -> None:
    most = {"gitlab": 3600, "kubernetes": 14400, "people": 28800}
    for identity in everybody(standing, world.TEAMS[:1]):
        answer = standing.call("GET", "auth/token/lookup-self", token=identity.token)
        if answer.status in (DENIED, FOREIGN_STATUS):
            assert identity.team is None
            continue
        mount = answer.data["path"].split("/")[1]
        assert 0 < answer.data["ttl"] <= 3600
        assert answer.data["explicit_max_ttl"] <= most.get(mount, 3600)
        assert answer.data["explicit_max_ttl"] > 0
        assert "root" not in answer.data["policies"]


def test_the_table_finds_a_policy_that_gives_too_much(planted: VaultServer) -> None:
    """A person with a policy behind the table's back is seen at each request that it lets through."""
    rules = {f"team/{other}/kv/data/*": ("read",) for other in ("shop", "pay")}
    planted.does("PUT", "sys/policies/acl/too-much", {"policy": policies.document(rules)})
    made = planted.call("POST", "auth/token/create", {"policies": ["too-much"], "ttl": "1m"}, planted.root)
    thief = Identity("job", "shop", made.content["auth"]["client_token"])
    found = [
        request.name
        for team in ("shop", "pay")
        for request in OF_A_TEAM
        if wrong(request, team, thief, planted.call(request.method, request.path.format(team=team), {}, thief.token))
    ]
    planted.does("DELETE", "sys/policies/acl/too-much")
    reading = [request.name for request in OF_A_TEAM if "/kv/data/" in request.path and request.method == "GET"]
    # Of its own team it may read one.
    assert found == [*(name for name in reading if name != "read a job's secret"), *reading]


def test_a_job_gets_its_secret_as_the_documentation_says(planted: VaultServer) -> None:
    binary = toolchain.ensure(print, toolchain.VAULT).path("vault")
    around = {
        "HOME": str(planted.folder),
        "PATH": os.defpath,
        "VAULT_ADDR": planted.address,
        "VAULT_CACERT": str(planted.certificate),
    }
    own = job(world.project("shop"), **PROTECTED)
    login = [binary, "write", "-field=token", "auth/gitlab/login", "role=protected-job-shop", "jwt=-"]
    jwt = planted.neighbours.gitlab.sign(own)
    token = subprocess.run(login, env=around, input=jwt, capture_output=True, text=True, check=True).stdout
    reading = [binary, "kv", "get", "-mount=team/shop/kv", "-field=value"]
    around["VAULT_TOKEN"] = token
    for name, expected in (("deploy/key", "canary-shop-deploy"), ("app/db", "")):
        done = subprocess.run([*reading, name], env=around, capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode == 0) == (expected, bool(expected)), done.stderr
