"""The authorization matrix: everybody asks for everything, on the real server, and gets what the table says."""

from __future__ import annotations

import os
import subprocess

import pytest

from components.vault import policies
from idp import toolchain

from . import world
from .expected import OF_A_TEAM, OF_VAULT
from .identities import PROTECTED, Identity, everybody, intruders, job
from .judgement import DENIED, FOREIGN_STATUS, PLANTED, judged, wrong
from .server import VaultServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def planted(standing: VaultServer) -> VaultServer:
    for team in world.TEAMS:
        for name, word in PLANTED.items():
            standing.does("POST", f"team/{team}/kv/data/{name}", {"data": {"value": f"canary-{team}-{word}"}})
    return standing


def test_everybody_gets_what_the_table_says(planted: VaultServer) -> None:
    asked, found = judged(planted.call, everybody(planted, world.TEAMS), world.TEAMS)
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
