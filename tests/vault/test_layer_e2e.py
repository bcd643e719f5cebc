"""The layer's life on the real engine and a real Vault: up, again, a new team, drift, an import, destroy."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from idp.loopback.aws.server import AwsEmulator
from idp.loopback.vault.client import Client, Server

from . import world
from .conftest import around, begun, stacked
from .identities import deploying, job, pod
from .server import DEPLOYING, VaultServer
from .stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

TEAMS = world.TEAMS[:2]
NEW = world.TEAMS[:3]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    started = begun(tmp_path_factory.mktemp("vault"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, server: VaultServer, emulator: AwsEmulator) -> Stack:
    return stacked(tmp_path_factory.mktemp("stack"), server, emulator, TEAMS)


def leftovers(server: VaultServer) -> set[str]:
    """Return what is configured in the server, but for the server's own and the bootstrap's."""
    client = Client(Server(server.address, str(server.certificate)), server.root)
    usual = {"cubbyhole/", "identity/", "sys/", "token/", "default", "root", "idp-deploy", f"{DEPLOYING}/"}
    found = {name for path in ("sys/mounts", "sys/auth", "sys/audit") for name in client.send("", f"GET {path}", {})}
    for path in ("sys/policies/acl", "sys/quotas/rate-limit", "identity/group/id"):
        keys = server.call("LIST", path, token=server.root).content.get("data", {}).get("keys", [])
        found |= set(keys)
    return {name for name in found if name not in usual}


def test_life(stack: Stack, server: VaultServer, emulator: AwsEmulator) -> None:
    assert leftovers(server) == set()
    planned = re.search(r"\+ (\d+) to create", stack.run("preview"))
    assert planned
    assert leftovers(server) == set()
    stack.up()
    assert "unchanged" in stack.up("--refresh", "--expect-no-changes")

    # Another token, which is what every pipeline has, changes nothing; the old one lies nowhere.
    old, stack.token = stack.token, deploying(server)
    assert stack.token != old
    assert "unchanged" in stack.up("--expect-no-changes")
    assert not [text for text in (*stack.hidden, old, stack.token, "PRIVATE KEY") if text in stack.state()]

    outputs = stack.outputs()
    assert outputs["kv_mounts"] == {team: f"team/{team}/kv" for team in TEAMS}
    assert outputs["certificates"] == "pki/issue/platform"
    _certificates_work(server, outputs["root_certificate"])
    _aws_works(server)

    _drift(server)
    found = stack.run("preview", "--refresh", "--diff")
    assert "2 to update" in found, found
    assert "1 to create" in found, found
    stack.up("--refresh")
    stack.up("--refresh", "--expect-no-changes")
    assert server.does("GET", "auth/gitlab/role/protected-job-shop")["bound_claims"]["project_id"] == "100"
    assert '"*"' not in server.does("GET", "sys/policies/acl/pod-shop")["policy"]
    assert server.does("GET", "auth/kubernetes/role/pod-shop")["bound_service_account_namespaces"] == ["shop"]

    _a_new_team(stack, server, emulator)
    stack.token = deploying(server)
    stack.run("destroy", "--yes", "--skip-preview")
    assert leftovers(server) == set()


def _certificates_work(server: VaultServer, root: str) -> None:
    given = server.does("POST", "pki/issue/platform", {"common_name": "vault.idp-vault.svc"})
    assert root.strip() in [one.strip() for one in given["ca_chain"]]
    for name in ("svc", "localhost", "vault.acme.example", "*.idp-vault.svc"):
        assert server.call("POST", "pki/issue/platform", {"common_name": name}, server.root).status == 400, name
    too_long = server.does("POST", "pki/issue/platform", {"common_name": "a.idp.svc", "ttl": "9000h"})
    assert too_long["expiration"] - given["expiration"] < 60


def _aws_works(server: VaultServer) -> None:
    own = server.neighbours.gitlab.sign(
        job(world.project("shop"), ref="main", ref_protected="true", environment=world.NAME)
    )
    token = server.login("gitlab", "protected-job-shop", own).content["auth"]["client_token"]
    answer = server.call("GET", "team/shop/aws/sts/deploy", token=token)
    assert answer.data["arn"].startswith("arn:aws:sts::123456789012:assumed-role/shop/")
    assert answer.data["access_key"].startswith("ASIA")
    assert answer.content["lease_duration"] <= 900


def _drift(server: VaultServer) -> None:
    server.does("PUT", "sys/policies/acl/pod-shop", {"policy": 'path "*" { capabilities = ["read"] }'})
    body = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["x"], "bound_claims": {"project_id": "*"}}
    server.does("POST", "auth/gitlab/role/protected-job-shop", {**body, "bound_claims_type": "glob"})
    server.does("DELETE", "auth/kubernetes/role/pod-shop")


def _a_new_team(stack: Stack, server: VaultServer, emulator: AwsEmulator) -> None:
    new = NEW[-1]
    stack.write(world.text(server.address, str(server.certificate), NEW), around(server, emulator))
    stack.secret("--path", f"database_passwords.{new}", value=f"canary-of-the-database-of-{new}")
    jwt = server.neighbours.cluster.sign(pod(new))
    assert server.login("kubernetes", f"pod-{new}", jwt).status == 400
    said = stack.up()
    # Nothing of the others is touched but the group that reads everywhere.
    assert set(re.findall(r"[~-] +vault:\S+ (\S+)", said)) == {"people-everybody-reads"}
    assert server.login("kubernetes", f"pod-{new}", jwt).status == 200


def test_without_a_token_one_line_says_what_is_missing(stack: Stack) -> None:
    token, stack.token = stack.token, ""
    said = stack.run("preview", fails=True)
    stack.token = token
    assert "VAULT_TOKEN is not set" in said


def test_a_foreign_certificate_is_refused(stack: Stack, server: VaultServer, emulator: AwsEmulator) -> None:
    stack.token = deploying(server) if server.call("GET", "sys/health").status == 200 else ""
    stack.write(world.text(server.address, "/etc/ssl/certs/ca-certificates.crt", TEAMS), around(server, emulator))
    said = stack.run("preview", fails=True)
    assert "certificate is not trusted" in said


def test_a_database_without_a_password_is_named(stack: Stack, server: VaultServer, emulator: AwsEmulator) -> None:
    stack.token = deploying(server)
    stack.write(world.text(server.address, str(server.certificate), ("pay",)), around(server, emulator))
    assert "database_passwords.pay: is missing" in stack.run("preview", fails=True)
