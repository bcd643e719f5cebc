"""What layer `secrets` declares for an environment, without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

import stacks
from components.vault import policies
from environments import Environment
from environments.loading import parse
from stacks import loopback, secrets, secrets_args
from stacks.outputs import PlatformOutputs

LONGEST_PROGRAM = 150
SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
"""How the engine is told that a value is a secret."""

DOCUMENT: dict[str, Any] = {
    **yaml.safe_load((Path(stacks.__file__).parent.parent / "environments" / "dev.yaml").read_text()),
    "secrets": {
        "address": "https://vault.dev.acme.example:8200",
        "gitlab": {"url": "https://gitlab.com", "projects": [{"path": "acme/idp", "id": 1, "branches": ["main"]}]},
        "people": {"issuer": "https://login.acme.example", "client_id": "vault-dev"},
    },
}

PLATFORM = {field.name: f"{field.name} of the platform" for field in fields(PlatformOutputs)}


def environment(**changes: Any) -> Environment:  # noqa: ANN401
    return parse(yaml.safe_dump({**DOCUMENT, **changes}).encode(), "dev")


@pytest.fixture(autouse=True)
def _own_configuration() -> Iterator[None]:
    pulumi.runtime.set_all_config({"idp:people_client_secret": "hush"}, ["idp:people_client_secret"])
    yield
    pulumi.runtime.set_all_config({}, [])


class Recorder(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.made: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, object]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": PLATFORM, "secretOutputNames": []}
        self.made.append(args)
        # What a server would add.
        computed = {"accessor": "auth_1", "csr": "CSR", "certificate": "PEM", "certificateBundle": "PEM"}
        return f"{args.name}-id", {**computed, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, object]:
        raise AssertionError(f"the layer calls no function: {args.token}")


def declared(wanted: Environment) -> list[pulumi.runtime.MockResourceArgs]:
    """Return what the program registers."""
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="idp", stack="dev.secrets", preview=False)

    @pulumi.runtime.test
    def program() -> None:
        secrets.build(wanted)

    program()
    return recorder.made


def of(made: list[pulumi.runtime.MockResourceArgs], kind: str) -> dict[str, dict[str, Any]]:
    return {one.name: dict(one.inputs) for one in made if one.typ == kind}


def test_every_workspace_has_its_engines_and_policies() -> None:
    wanted = environment()
    made = declared(wanted)
    mounts = {one["path"] for one in of(made, "vault:index/mount:Mount").values()}
    names = [one.name for one in wanted.workspaces]
    assert mounts == {f"team/{name}/{kind}" for name in names for kind in ("kv", "transit")} | {"pki", "pki-root"}
    written = {one["name"]: one["policy"] for one in of(made, "vault:index/policy:Policy").values()}
    assert set(written) == {policies.name(kind, name) for kind in policies.KINDS for name in names} | {"idp-preview"}
    assert all(json.loads(text)["path"] for text in written.values())


def test_the_token_comes_from_the_surroundings() -> None:
    [provider] = of(declared(environment()), "pulumi:providers:vault").values()
    assert "token" not in provider
    assert provider["address"] == "https://vault.dev.acme.example:8200"
    assert provider["skipTlsVerify"] == "false"


def test_the_clients_secret_is_one() -> None:
    backends = of(declared(environment()), "vault:jwt/authBackend:AuthBackend")
    sealed = backends["people"]["oidcClientSecret"]
    assert (sealed[SIGNATURE], sealed["value"]) == (SECRET, "hush")
    assert set(backends) == {"people", "gitlab"}
    assert backends["gitlab"]["jwksUrl"] == "https://gitlab.com/oauth/discovery/keys"


def test_without_an_identity_provider_there_is_no_login_for_people() -> None:
    alone = {**DOCUMENT["secrets"], "people": None}
    made = declared(environment(secrets=alone))
    assert set(of(made, "vault:jwt/authBackend:AuthBackend")) == {"gitlab"}
    assert of(made, "vault:identity/group:Group") == {}


def test_maintainers_come_through_the_cluster_only_without_an_identity_provider() -> None:
    kind = "vault:kubernetes/authBackendRole:AuthBackendRole"
    names = [one.name for one in environment().workspaces]
    pods = {f"pod-{name}" for name in names}
    assert {one["roleName"] for one in of(declared(environment()), kind).values()} == pods
    alone = of(declared(environment(secrets={**DOCUMENT["secrets"], "people": None})), kind)
    roles = {one["roleName"]: one for one in alone.values()}
    assert set(roles) == pods | {f"maintainer-{name}" for name in names}
    for name in names:
        role = roles[f"maintainer-{name}"]
        assert role["boundServiceAccountNamespaces"] == [name]
        assert role["boundServiceAccountNames"] == ["vault-maintainer"]
        assert role["tokenPolicies"] == [f"maintainer-{name}"]
        assert role["audience"] == "vault"
        assert role["tokenTtl"] == role["tokenExplicitMaxTtl"] == 900


def test_a_group_with_a_part_in_several_workspaces_has_all_their_policies() -> None:
    workspaces = json.loads(json.dumps(DOCUMENT["workspaces"]))
    for one in workspaces:
        one["access"]["readers"] = ["everybody"]
    groups = secrets_args.groups(environment(workspaces=workspaces).workspaces)
    assert groups["everybody"] == sorted(f"reader-{one['name']}" for one in workspaces)


def test_without_secrets_there_is_no_such_layer() -> None:
    with pytest.raises(pulumi.RunError, match="dev: secrets: null is not allowed"):
        secrets.build(environment(secrets=None, workspaces=[]))


def of_its_own() -> Environment:
    """Return an environment whose Vault is the platform's."""
    return environment(secrets={**DOCUMENT["secrets"], "address": None})


def test_its_own_vault_is_where_idp_wrote_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loopback, "FOLDER", tmp_path)
    loopback.vault_record("dev").parent.mkdir()
    loopback.vault_record("dev").write_text(json.dumps({"address": "https://127.0.0.1:18200", "ca_file": "/a.crt"}))
    [provider] = of(declared(of_its_own()), "pulumi:providers:vault").values()
    assert (provider["address"], provider["caCertFile"]) == ("https://127.0.0.1:18200", "/a.crt")


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"address": "https://a.b"}'])
def test_a_vault_that_nobody_wrote_down_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    monkeypatch.setattr(loopback, "FOLDER", tmp_path)
    record = loopback.vault_record("dev")
    record.parent.mkdir()
    if content is not None:
        record.write_text(content)
    with pytest.raises(pulumi.RunError) as caught:
        declared(of_its_own())
    assert str(caught.value) == f"secrets.address: {record}: not there; `idp up dev` writes it"


def test_without_a_gitlab_no_pipeline_logs_in() -> None:
    workspaces = [{**one, "gitlab_projects": []} for one in DOCUMENT["workspaces"]]
    made = declared(environment(workspaces=workspaces, secrets={**DOCUMENT["secrets"], "gitlab": None}))
    assert set(of(made, "vault:jwt/authBackend:AuthBackend")) == {"people"}
    roles = of(made, "vault:jwt/authBackendRole:AuthBackendRole").values()
    assert {role["roleType"] for role in roles} == {"oidc"}


def test_keys_that_are_written_down_are_fetched_from_nowhere() -> None:
    """Where Vault can't reach GitLab: it takes either the address or the keys, never both."""
    key = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
    gitlab = {**DOCUMENT["secrets"]["gitlab"], "public_keys": [key]}
    made = declared(environment(secrets={**DOCUMENT["secrets"], "gitlab": gitlab}))
    backend = of(made, "vault:jwt/authBackend:AuthBackend")["gitlab"]
    assert backend["jwtValidationPubkeys"] == [key]
    assert "jwksUrl" not in backend
    assert backend["boundIssuer"] == "https://gitlab.com"


@pytest.mark.parametrize("known", [None, {}, {"shop": ""}, {"shop": 7}, "text"])
def test_a_missing_password_is_named(known: object) -> None:
    with pytest.raises(pulumi.RunError, match=r"database_passwords\.shop: is missing"):
        secrets_args._password(known, "shop")


def test_the_program_is_short() -> None:
    assert len(Path(str(secrets.__file__)).read_text().splitlines()) < LONGEST_PROGRAM
