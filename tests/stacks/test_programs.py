"""What holds for every layer of every environment file, and what each layer makes of its environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import environments
from stacks.layers import LAYERS
from stacks.platform import NAMESPACES

Program = Callable[..., Any]
ENVIRONMENTS = [environments.load(name) for name in environments.names()]
every_stack = pytest.mark.parametrize("stack", [f"{env.name}.{layer}" for env in ENVIRONMENTS for layer in LAYERS])
every_environment = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)

CLUSTER_WIDE = ("Namespace", "PriorityClass", "ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy")


@every_stack
def test_every_object_goes_through_the_provider_that_the_program_built(run_stack: Program, stack: str) -> None:
    run = run_stack(stack)
    built = {args.name for args in run.made if args.typ == "pulumi:providers:kubernetes"}
    assert built == {"cluster"}
    for args in run.objects:
        assert "pulumi:providers:kubernetes::cluster::" in args.provider, args.name


@every_stack
def test_no_two_resources_and_no_two_objects_are_the_same(run_stack: Program, stack: str) -> None:
    run = run_stack(stack)
    urns = [(args.typ, args.name) for args in run.made]
    assert len(urns) == len(set(urns))
    objects = [_identity(args) for args in run.objects]
    assert len(objects) == len(set(objects))


@every_stack
def test_every_object_says_whose_it_is(run_stack: Program, stack: str) -> None:
    name = stack.partition(".")[0]
    for args in run_stack(stack).objects:
        labels = args.inputs["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "pulumi", args.name
        assert name in labels.values(), args.name


@every_stack
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
