"""What layer `platform` makes of an environment's Vault."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

import pulumi
import pytest
from pulumi.runtime import rpc

import environments
from components.vault_server.configuration import AwsKmsSeal
from components.vault_server.snapshots import SnapshotBucket, SnapshotVolume
from environments import Environment
from stacks import loopback, outputs, platform, vault_args
from stacks.layers import PLATFORM, VAULT_NAMESPACE
from stacks.outputs import FoundationOutputs

Program = Callable[..., Any]
ENVIRONMENTS = [environments.load(name) for name in environments.names()]
LOCAL = environments.load("local")
every = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
CLUSTER_WIDE = ("ClusterRole", "ClusterRoleBinding", "Namespace", "PriorityClass")


def settings_of(run_program: Program, environment: Environment) -> tuple[Any, list[Any]]:
    """Return the settings and the API server's destinations, resolved as far as tests read them."""
    found: list[Any] = []

    def program() -> None:
        foundation = outputs.read(FoundationOutputs, environment.name) if environment.foundation else None
        assert environment.platform.vault
        made = vault_args.settings(environment, environment.platform.vault, foundation)
        found.extend((made, vault_args.api_server(environment, foundation)))

    run_program(f"{environment.name}.platform", program)
    return found[0], found[1]


def resolved(run_program: Program, environment: Environment, pick: Callable[[Any, list[Any]], object]) -> object:
    """Return what an output among the settings holds."""
    seen: list[object] = []

    def program() -> None:
        foundation = outputs.read(FoundationOutputs, environment.name)
        assert environment.platform.vault
        made = vault_args.settings(environment, environment.platform.vault, foundation)
        picked = pick(made, vault_args.api_server(environment, foundation))
        pulumi.Output.from_input(picked).apply(seen.append)

    run_program(f"{environment.name}.platform", program)
    return seen[0]


@every
def test_in_an_account_a_key_unseals_and_a_bucket_keeps_snapshots(
    run_program: Program, environment: Environment
) -> None:
    settings, _ = settings_of(run_program, environment)
    assert environment.foundation
    aws = environment.foundation.aws
    if aws.emulator:
        assert settings.kms is None
        assert settings.snapshots == SnapshotVolume()
        return
    assert isinstance(settings.kms, AwsKmsSeal)
    assert isinstance(settings.snapshots, SnapshotBucket)
    assert (settings.kms.region, settings.snapshots.region) == (aws.region, aws.region)
    assert resolved(run_program, environment, lambda made, _: made.kms.key_arn) == "the key that unseals"
    assert resolved(run_program, environment, lambda made, _: made.snapshots.name) == "the bucket for snapshots"


@every
def test_the_rest_is_what_the_file_says(run_program: Program, environment: Environment) -> None:
    settings, _ = settings_of(run_program, environment)
    said = environment.platform.vault
    assert said
    for name in ("image", "bootstrap_image", "replicas", "threshold", "cpu", "memory"):
        assert getattr(settings, name) == getattr(said, name)
    for name in ("keepers", "egress_to"):
        told = [vars(one) if hasattr(one, "__dict__") else one for one in getattr(settings, name)]
        # In an account, it reaches what gives its pods their identity, too.
        assert told[-len(getattr(said, name)) or len(told) :] == [one.model_dump() for one in getattr(said, name)]


@every
def test_only_the_loopback_cluster_has_plugins_a_fixed_address_and_one_node(
    run_program: Program, environment: Environment
) -> None:
    settings, _ = settings_of(run_program, environment)
    here = loopback.used_by(environment)
    assert here is (environment.name == "local")
    assert settings.one_node is here
    assert settings.cluster_ip == (loopback.VAULT_IP if here else None)
    assert settings.plugin_directory == (loopback.VAULT_PLUGIN_FOLDER if here else None)
    found = {plugin.command: (plugin.kind, plugin.name, plugin.sha256) for plugin in settings.plugins}
    assert found == ({file: (*kind, "0" * 64) for file, kind in vault_args.PLUGINS.items()} if here else {})


def test_on_another_cluster_local_has_none_of_that(run_program: Program) -> None:
    cluster = LOCAL.cluster.model_copy(update={"kubeconfig": "/somebody/s/config"})
    settings, api_server = settings_of(run_program, LOCAL.model_copy(update={"cluster": cluster}))
    assert (settings.cluster_ip, settings.plugin_directory, settings.plugins) == (None, None, ())
    assert api_server == []


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}"])
def test_plugins_without_checksums_are_one_line(
    run_program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    record = tmp_path / "none.json"
    monkeypatch.setattr(loopback, "VAULT_PLUGINS", record)
    if content is not None:
        record.write_text(content)
    with pytest.raises(pulumi.RunError) as caught:
        run_program("local.platform")
    assert str(caught.value) == f"platform.vault: {record}: no checksums there; `idp local start` writes them"


@every
def test_the_api_server_is_where_pods_see_it(run_program: Program, environment: Environment) -> None:
    _, api_server = settings_of(run_program, environment)
    if loopback.used_by(environment):
        assert [(one.cidr, one.port) for one in api_server] == [("10.100.0.1/32", 6443)]
        return
    [one] = api_server
    assert one.port == 443
    cidr = resolved(run_program, environment, lambda _, found: found[0].cidr)
    assert cidr == "vpc_cidr of the foundation"


@every
@pytest.mark.parametrize("keys", [(), ("a key",)], ids=["fetched", "written down"])
def test_the_pipeline_logs_in_where_keys_can_be_fetched(
    run_program: Program, environment: Environment, keys: tuple[str, ...]
) -> None:
    secrets = environment.secrets
    gitlab = secrets.gitlab if secrets else None
    if secrets and gitlab:
        gitlab = gitlab.model_copy(update={"public_keys": keys})
        environment = environment.model_copy(update={"secrets": secrets.model_copy(update={"gitlab": gitlab})})
    pipeline = settings_of(run_program, environment)[0].pipeline
    if gitlab is None or keys:
        assert pipeline is None
        return
    first = gitlab.projects[0]
    assert (pipeline.issuer, pipeline.audience) == (gitlab.url, f"https://vault.{environment.platform.dns_domain}")
    told = json.dumps(dict(pipeline.claims))
    assert all(part in told for part in (str(first.id), *first.branches))


@every
def test_vault_is_in_its_own_namespace_only(run_stack: Program, environment: Environment) -> None:
    objects = run_stack(f"{environment.name}.{PLATFORM}").objects
    own = [one for one in objects if one.name.startswith("vault")]
    assert len(own) > 20
    for one in own:
        if not one.typ.endswith(CLUSTER_WIDE):
            assert one.inputs["metadata"]["namespace"] == VAULT_NAMESPACE, one.name
    # And nothing else of the platform runs there.
    running = {"StatefulSet", "Job", "CronJob", "Deployment"}
    there = {
        one.name
        for one in objects
        if one.typ.rpartition(":")[2] in running and one.inputs["metadata"]["namespace"] == VAULT_NAMESPACE
    }
    assert there
    assert there <= {one.name for one in own}


@every
def test_the_platform_says_where_vault_is_and_whom_to_trust(run_stack: Program, environment: Environment) -> None:
    found = run_stack(f"{environment.name}.{PLATFORM}").outputs
    assert found["vault_address"] == f"https://vault.{VAULT_NAMESPACE}.svc:8200"
    assert found["vault_ca"] == "what clients of Vault trust"


def test_without_vault_there_is_nothing_of_it(run_program: Program) -> None:
    bare = LOCAL.model_copy(update={"platform": LOCAL.platform.model_copy(update={"vault": None}), "secrets": None})
    run = run_program("local.platform", lambda: outputs.export(platform.build(bare)))
    assert [one.name for one in run.made if one.name.startswith("vault")] == []
    assert (run.outputs["vault_address"], run.outputs["vault_ca"]) == ("", "")


FOUNDATION = {field.name: field.name for field in fields(FoundationOutputs)}


class Reading(pulumi.runtime.Mocks):
    """Remembers what is read; in a preview, what a job will have done is not known yet."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, object]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": FOUNDATION, "secretOutputNames": []}
        if args.name == "vault-ca":
            self.read.append(str(args.resource_id))
            return str(args.resource_id), {"data": {"ca.crt": "what clients trust"}}
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
        raise AssertionError(args.token)


@pytest.mark.usefixtures("run_program")
@pytest.mark.parametrize("done", [True, False])
def test_the_authority_is_read_only_after_the_job_that_makes_it(done: bool) -> None:
    mocks = Reading()
    pulumi.runtime.set_mocks(mocks, project="idp", stack="local.platform", preview=not done)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # as the SDK has it
    def program() -> None:
        platform.build(LOCAL)

    program()
    # The engine asks nobody for what has no known name.
    assert mocks.read == ["idp-vault/vault-ca" if done else rpc.UNKNOWN]
