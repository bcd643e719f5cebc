"""What layer `secrets` declares for an environment, without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

import stacks
from components.vault import policies
from environments import Environment, load
from environments.loading import parse
from stacks import secrets, secrets_args

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
        secrets.build(load("dev"))


@pytest.mark.parametrize("known", [None, {}, {"shop": ""}, {"shop": 7}, "text"])
def test_a_missing_password_is_named(known: object) -> None:
    with pytest.raises(pulumi.RunError, match=r"database_passwords\.shop: is missing"):
        secrets_args._password(known, "shop")


def test_the_program_is_short() -> None:
    assert len(Path(str(secrets.__file__)).read_text().splitlines()) < LONGEST_PROGRAM
