"""What holds for every layer of every environment file, and what each layer makes of its environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

import environments
from idp import paths
from stacks import aws, foundation, layers, loopback, outputs, platform
from stacks.layers import FOUNDATION, PLATFORM, SECRETS, VAULT_NAMESPACE, WORKSPACES
from stacks.platform import NAMESPACES

Program = Callable[..., Any]
ENVIRONMENTS = [environments.load(name) for name in environments.names()]
STACKS = [f"{env.name}.{layer}" for env in ENVIRONMENTS for layer in layers.of(env)]
every_stack = pytest.mark.parametrize("stack", STACKS)
in_cluster = pytest.mark.parametrize(
    "stack", [one for one in STACKS if one.endswith((f".{PLATFORM}", f".{WORKSPACES}"))]
)
in_account = pytest.mark.parametrize("stack", [one for one in STACKS if one.endswith(f".{FOUNDATION}")])
in_vault = pytest.mark.parametrize("stack", [one for one in STACKS if one.endswith(f".{SECRETS}")])
every_environment = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)

CLUSTER_WIDE = ("Namespace", "PriorityClass", "ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy")


@in_cluster
def test_every_object_goes_through_the_provider_that_the_program_built(run_stack: Program, stack: str) -> None:
    run = run_stack(stack)
    assert [(args.typ, args.name) for args in _providers(run)] == [("pulumi:providers:kubernetes", "cluster")]
    assert run.objects
    for args in run.objects:
        assert "pulumi:providers:kubernetes::cluster::" in args.provider, args.name


@in_account
def test_every_resource_of_aws_goes_through_the_provider_of_the_account(run_stack: Program, stack: str) -> None:
    run = run_stack(stack)
    assert [(args.typ, args.name) for args in _providers(run)] == [("pulumi:providers:aws", "account")]
    assert len(run.cloud) > 80
    for args in run.cloud:
        assert "pulumi:providers:aws::account::" in args.provider, args.name


@in_vault
def test_everything_inside_vault_goes_through_the_provider_that_idp_s_record_leads_to(
    run_stack: Program, stack: str
) -> None:
    run = run_stack(stack)
    [provider] = _providers(run)
    assert (provider.typ, provider.name) == ("pulumi:providers:vault", "vault")
    assert provider.inputs["address"] == "https://127.0.0.1:1"
    # Whoever runs the program brings the token: it is in no state.
    assert "token" not in provider.inputs
    assert len(run.inside_vault) > 10
    for args in run.inside_vault:
        assert "pulumi:providers:vault::vault::" in args.provider, args.name


@every_stack
def test_each_layer_is_in_one_place(run_stack: Program, stack: str) -> None:
    """The foundation in the account, secrets inside Vault, all else in the cluster."""
    run = run_stack(stack)
    places = {"cloud": run.cloud, "inside_vault": run.inside_vault, "objects": run.objects}
    own = {FOUNDATION: "cloud", SECRETS: "inside_vault"}.get(stack.rpartition(".")[2], "objects")
    assert [place for place, made in places.items() if made] == [own]


@every_stack
def test_a_layer_reads_from_the_layers_below_it_and_no_others(run_stack: Program, stack: str) -> None:
    name, _, layer = stack.partition(".")
    below = layers.of(environments.load(name))[layer]
    assert run_stack(stack).read == [f"organization/idp/{name}.{under}" for under in below]


@in_cluster
def test_the_cluster_is_the_one_that_the_layer_below_names(run_stack: Program, stack: str) -> None:
    run = run_stack(stack)
    [provider] = _providers(run)
    below = "platform" if stack.endswith(".workspaces") else FOUNDATION
    expected = str(loopback.KUBECONFIG) if stack == "local.platform" else f"kubeconfig of the {below}"
    assert provider.inputs["kubeconfig"] == expected
    assert provider.inputs["clusterIdentifier"] == stack.partition(".")[0]
    # The next layer finds the same one.
    if stack.endswith(".platform"):
        assert run.outputs["kubeconfig"] == provider.inputs["kubeconfig"]


@pytest.mark.parametrize("emulated", [True, False])
@pytest.mark.parametrize("named", [None, "/somebody/s/config"], ids=["loopback", "named"])
def test_without_an_account_the_platform_is_on_the_cluster_that_the_file_names(
    run_program: Program, named: str | None, emulated: bool
) -> None:
    local = environments.load("local")
    cluster = local.cluster.model_copy(update={"kubeconfig": named})
    alone = local.model_copy(update={"foundation": local.foundation if emulated else None, "cluster": cluster})
    run = run_program("local.platform", lambda: outputs.export(platform.build(alone)))
    [provider] = _providers(run)
    assert run.read == []
    assert provider.inputs["kubeconfig"] == (named or str(loopback.KUBECONFIG))
    assert run.outputs["kubeconfig"] == provider.inputs["kubeconfig"]


def test_without_a_foundation_there_is_no_such_layer(run_program: Program) -> None:
    alone = environments.load("local").model_copy(update={"foundation": None})
    with pytest.raises(pulumi.RunError, match=r"^local: foundation: its file has none$"):
        run_program("local.foundation", lambda: foundation.build(alone))


@in_account
def test_what_holds_data_is_protected_as_the_file_says(run_program: Program, stack: str) -> None:
    """By both settings, whatever the file has: the engine refuses to delete what is marked so."""
    environment = environments.load(stack.partition(".")[0])
    assert environment.foundation is not None
    marked = {}
    for protect in (True, False):
        settings = environment.foundation.model_copy(update={"protect": protect})
        protecting = environment.model_copy(update={"foundation": settings})
        kept: list[tuple[str, str]] = []

        def remember(args: pulumi.ResourceTransformationArgs, kept: list[tuple[str, str]] = kept) -> None:
            if args.opts.protect:
                kept.append((args.type_, args.name))

        def program(protecting: environments.Environment = protecting, remember: Program = remember) -> None:
            pulumi.runtime.register_stack_transformation(remember)
            foundation.build(protecting)

        run_program(stack, program)
        marked[protect] = kept
    kinds = {token.rpartition(":")[2] for token, _ in marked[True]}
    assert kinds >= {"Bucket", "Cluster", "Key", "Repository", "Zone"}
    assert marked[False] == []


def test_the_emulator_s_address_is_for_the_emulator_only(run_stack: Program) -> None:
    for environment in ENVIRONMENTS:
        [provider] = _providers(run_stack(f"{environment.name}.{FOUNDATION}"))
        assert environment.foundation is not None
        # The SDK sends what is no text as JSON.
        assert json.loads(provider.inputs["allowedAccountIds"]) == [environment.foundation.aws.account_id]
        if environment.foundation.aws.emulator:
            [endpoints] = json.loads(provider.inputs["endpoints"])
            assert set(endpoints) == set(aws.SERVICES)
            assert set(endpoints.values()) == {"http://127.0.0.1:1"}
        else:
            assert {"endpoints", "accessKey", "secretKey"}.isdisjoint(provider.inputs)
    assert {environment.foundation.aws.emulator for environment in ENVIRONMENTS if environment.foundation} == {
        True,
        False,
    }


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}"])
def test_an_emulator_that_does_not_run_is_one_line(
    run_program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    record = tmp_path / "record.json"
    monkeypatch.setattr(aws, "EMULATOR", record)
    if content is not None:
        record.write_text(content)
    with pytest.raises(
        pulumi.RunError, match=r"^foundation\.aws\.emulator: it does not run; `idp up local` starts it$"
    ):
        run_program("local.foundation")


def test_programs_look_where_the_command_puts_things() -> None:
    assert aws.EMULATOR == paths.EMULATOR / "emulator.json"
    assert loopback.KUBECONFIG == paths.LOCAL / "kubeconfig"
    assert loopback.FOLDER == paths.WORK
    assert loopback.VAULT_PLUGINS.parent == paths.LOCAL


@every_stack
def test_no_two_resources_and_no_two_objects_are_the_same(run_stack: Program, stack: str) -> None:
    run = run_stack(stack)
    urns = [(args.typ, args.name) for args in run.made]
    assert urns
    assert len(urns) == len(set(urns))
    objects = [_identity(args) for args in run.objects]
    assert len(objects) == len(set(objects))


@in_cluster
def test_every_object_says_whose_it_is(run_stack: Program, stack: str) -> None:
    name = stack.partition(".")[0]
    assert run_stack(stack).objects
    for args in run_stack(stack).objects:
        labels = args.inputs["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "pulumi", args.name
        assert name in labels.values(), args.name


@in_cluster
def test_every_object_in_a_namespace_names_it(run_stack: Program, stack: str) -> None:
    for args in run_stack(stack).objects:
        if not args.typ.rpartition(":")[2].startswith(CLUSTER_WIDE):
            assert args.inputs["metadata"].get("namespace"), args.name


@every_environment
def test_the_platform_has_its_namespaces_each_closed_by_default(
    run_stack: Program, environment: environments.Environment
) -> None:
    run = run_stack(f"{environment.name}.platform")
    assert {args.inputs["metadata"]["name"] for args in _of(run, "Namespace")} == set(NAMESPACES)
    assert _closed(run) == set(NAMESPACES)
    assert set(run.outputs["namespaces"]) == set(NAMESPACES)


@every_environment
def test_every_team_has_a_namespace_closed_by_default_with_a_quota(
    run_stack: Program, environment: environments.Environment
) -> None:
    run = run_stack(f"{environment.name}.workspaces")
    teams = {workspace.name for workspace in environment.workspaces}
    assert {args.inputs["metadata"]["name"] for args in _of(run, "Namespace")} == teams
    assert _closed(run) == teams
    for kind in ("ResourceQuota", "LimitRange", "ServiceAccount"):
        assert {args.inputs["metadata"]["namespace"] for args in _of(run, kind)} == teams
    assert set(run.outputs["workspaces"]) == teams
    assert len(run.outputs["services"]) == sum(len(workspace.services) for workspace in environment.workspaces)


@every_environment
def test_pods_of_teams_have_the_priority_that_the_platform_exports(
    run_stack: Program, environment: environments.Environment
) -> None:
    deployments = _of(run_stack(f"{environment.name}.workspaces"), "Deployment")
    assert len(deployments) == sum(len(workspace.services) for workspace in environment.workspaces)
    for args in deployments:
        assert args.inputs["spec"]["template"]["spec"]["priorityClassName"] == "as-exported"


@every_environment
def test_the_quota_is_what_the_file_says(run_stack: Program, environment: environments.Environment) -> None:
    quotas = {
        args.inputs["metadata"]["namespace"]: args.inputs["spec"]["hard"]
        for args in _of(run_stack(f"{environment.name}.workspaces"), "ResourceQuota")
    }
    for workspace in environment.workspaces:
        hard, quota = quotas[workspace.name], workspace.quota
        assert (hard["requests.cpu"], hard["limits.memory"], hard["pods"]) == (quota.cpu, quota.memory, str(quota.pods))
        # A team gets no address of its own on the network: routes go through the platform's gateway.
        assert (hard["services.loadbalancers"], hard["services.nodeports"]) == ("0", "0")


def test_some_environment_has_services_and_teams() -> None:
    assert any(workspace.services for environment in ENVIRONMENTS for workspace in environment.workspaces)


@in_account
def test_vault_s_pods_get_their_identity_where_the_platform_puts_them(run_stack: Program, stack: str) -> None:
    assert VAULT_NAMESPACE in NAMESPACES
    run = run_stack(stack)
    given = {
        args.inputs["serviceAccount"]
        for args in run.of("aws:eks/podIdentityAssociation:PodIdentityAssociation")
        if args.inputs["namespace"] == VAULT_NAMESPACE
    }
    assert given == {"vault", "vault-snapshot", "vault-restore"}


@every_environment
def test_the_range_of_a_network_that_is_made_is_the_file_s(
    run_stack: Program, environment: environments.Environment
) -> None:
    if environment.foundation is not None and environment.foundation.network.existing is None:
        told = run_stack(f"{environment.name}.{FOUNDATION}").outputs["vpc_cidr"]
        assert told == str(environment.foundation.network.cidr)


def _providers(run: Any) -> list[Any]:  # noqa: ANN401 - as below
    return [args for args in run.made if args.typ.startswith("pulumi:providers:")]


def _of(run: Any, kind: str) -> list[Any]:  # noqa: ANN401 - the fixture's own type has no place to import it from
    return [args for args in run.objects if args.typ.endswith(f":{kind}")]


def _closed(run: Any) -> set[str]:  # noqa: ANN401
    """Return the namespaces with a policy that selects every pod and lets nothing in or out."""
    return {
        args.inputs["metadata"]["namespace"]
        for args in _of(run, "NetworkPolicy")
        if set(args.inputs["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        and not args.inputs["spec"].get("podSelector")
        and not args.inputs["spec"].get("ingress")
        and not args.inputs["spec"].get("egress")
    }


def _identity(args: Any) -> tuple[str, str | None, str]:  # noqa: ANN401
    metadata = args.inputs["metadata"]
    return args.typ, metadata.get("namespace"), metadata["name"]
