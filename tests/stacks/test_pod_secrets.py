"""Pods of services with secrets, as the layer `workspaces` declares them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pulumi
import pytest

import environments
from environments.model import Service
from environments.service_secrets import AGENT_CPU, AGENT_MEMORY, ServiceSecret
from stacks import pod_secrets, workspaces
from stacks.outputs import PlatformOutputs

Program = Callable[..., Any]

REQUIRED = ServiceSecret(file="key", path="web/payment", field="api-key")
OPTIONAL = ServiceSecret(file="mail", path="mail", optional=True)
VAULT = pod_secrets.Vault(
    namespace="idp-vault", address="https://vault.test:8200", ca_certificate="the authority", image="idp.local/vault:1"
)


def declared(run_program: Program, vault: pod_secrets.Vault | None, *secrets: ServiceSecret) -> Any:  # noqa: ANN401
    """Return what the layer declares for the local environment, its one service with `secrets`."""
    local = environments.load("local")
    services = tuple(one.model_copy(update={"secrets": secrets}) for one in local.workspaces[0].services)
    first = local.workspaces[0].model_copy(update={"services": services})
    environment = local.model_copy(update={"workspaces": (first, *local.workspaces[1:])})

    def program() -> None:
        platform = PlatformOutputs(
            **{field.name: pulumi.Output.from_input(field.name) for field in fields(PlatformOutputs)}
        )
        workspaces.declare(environment, platform, vault)

    return run_program("local.workspaces", program)


def of(run: Any, kind: str, name: str) -> dict[str, Any]:  # noqa: ANN401
    [found] = [
        args.inputs
        for args in run.objects
        if args.typ.endswith(f":{kind}")
        and (args.inputs["metadata"]["namespace"], args.inputs["metadata"]["name"]) == ("sample", name)
    ]
    return found


def pod(run: Any) -> dict[str, Any]:  # noqa: ANN401
    spec: dict[str, Any] = of(run, "Deployment", "hello")["spec"]["template"]["spec"]
    return spec


def test_required_secrets_are_there_before_the_service_and_kept_fresh(run_program: Program) -> None:
    run = declared(run_program, VAULT, REQUIRED, OPTIONAL)
    first, second = pod(run)["initContainers"]
    assert ("restartPolicy" in first, second["restartPolicy"]) == (False, "Always")
    data = of(run, "ConfigMap", "hello-vault")["data"]
    for container, files in ((first, {"key"}), (second, {"key", "mail"})):
        [command, config] = container["args"]
        assert command == "agent"
        told = json.loads(data[config.removeprefix("-config=/config/")])
        assert {one["destination"].removeprefix("/secrets/") for one in told["template"]} == files
        assert told["auto_auth"]["method"][0]["config"]["role"] == "pod-sample"
        assert (told["vault"]["address"], told["vault"]["ca_cert"]) == ("https://vault.test:8200", "/config/ca.crt")
        assert container["image"] == "idp.local/vault:1"
        asked = {"cpu": AGENT_CPU, "memory": AGENT_MEMORY}
        assert container["resources"] == {"requests": asked, "limits": {"memory": AGENT_MEMORY}}
    assert data["ca.crt"] == "the authority"


def test_what_is_optional_holds_up_nothing(run_program: Program) -> None:
    [only] = pod(declared(run_program, VAULT, OPTIONAL))["initContainers"]
    assert only["restartPolicy"] == "Always"


def test_the_service_sees_only_the_files(run_program: Program) -> None:
    spec = pod(declared(run_program, VAULT, REQUIRED))
    [service] = spec["containers"]
    assert service["volumeMounts"] == [{"name": "vault-secrets", "mountPath": "/vault/secrets", "readOnly": True}]
    volumes = {one["name"]: one for one in spec["volumes"]}
    assert volumes["vault-secrets"]["emptyDir"]["medium"] == "Memory"
    [source] = volumes["vault-token"]["projected"]["sources"]
    assert source["serviceAccountToken"] == {"audience": "vault", "expirationSeconds": 600, "path": "token"}
    assert spec["automountServiceAccountToken"] is False


def test_every_container_is_restricted(run_program: Program) -> None:
    spec = pod(declared(run_program, VAULT, REQUIRED, OPTIONAL))
    assert spec["securityContext"]["runAsNonRoot"]
    for container in (*spec["initContainers"], *spec["containers"]):
        context = container["securityContext"]
        assert (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, True)
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert all(variable["name"] == "PORT" for variable in container.get("env", []))


def test_another_authority_or_configuration_means_new_pods(run_program: Program) -> None:
    other = pod_secrets.Vault(namespace="idp-vault", address=VAULT.address, ca_certificate="new", image=VAULT.image)
    runs = [
        declared(run_program, vault, *secrets)
        for vault, secrets in ((VAULT, (REQUIRED,)), (VAULT, (REQUIRED,)), (other, (REQUIRED,)), (VAULT, (OPTIONAL,)))
    ]
    sums = [
        of(run, "Deployment", "hello")["spec"]["template"]["metadata"]["annotations"]["idp/vault-agent"] for run in runs
    ]
    assert sums[0] == sums[1]
    assert len(set(sums)) == 3


def test_without_secrets_there_is_no_agent(run_program: Program) -> None:
    run = declared(run_program, VAULT)
    assert {"initContainers", "volumes"}.isdisjoint(pod(run))
    assert "annotations" not in of(run, "Deployment", "hello")["spec"]["template"]["metadata"]
    # Manifests of a team's own need the authority and the way all the same.
    assert of(run, "ConfigMap", "vault-ca")["data"] == {"ca.crt": "the authority"}


def test_workspaces_reach_vault_s_servers_and_nothing_else_there(run_program: Program) -> None:
    [rule] = of(declared(run_program, VAULT), "NetworkPolicy", "vault")["spec"]["egress"]
    assert rule["to"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "idp-vault"}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "vault"}},
        }
    ]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8200}]


def test_without_vault_nothing_of_it_is_there_and_secrets_are_refused(run_program: Program) -> None:
    run = declared(run_program, None)
    # The account of maintainers comes with the layer `secrets`.
    assert [args.name for args in run.made if "vault" in args.name.replace("vault-maintainer", "")] == []
    with pytest.raises(
        pulumi.RunError, match=r"^local: workspaces\.sample\.services\.hello\.secrets: not allowed, the platform has no"
    ):
        declared(run_program, None, REQUIRED)


def test_each_field_of_the_file_reaches_the_agent() -> None:
    service = Service(
        name="web", image="idp.local/web:1", port=80, cpu="1m", memory="1Mi", secrets=(REQUIRED, OPTIONAL)
    )
    told = [(one.file, one.path, one.field, one.optional) for one in pod_secrets.files(service)]
    assert told == [("key", "web/payment", "api-key", False), ("mail", "mail", None, True)]
