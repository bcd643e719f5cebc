"""Vault's objects as they are declared, for each way to set it up."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.vault_server import configuration
from components.vault_server.bootstrap import Keeper, Pipeline, VaultBootstrap, VaultBootstrapArgs
from components.vault_server.configuration import AwsKmsSeal
from components.vault_server.names import addresses, server_names
from components.vault_server.network import Destination
from components.vault_server.server import REPLICAS, VaultServer, VaultServerArgs
from components.vault_server.snapshots import SnapshotBucket, SnapshotVolume
from stacks import vault

KMS = AwsKmsSeal(key_arn="arn:aws:kms:eu-central-1:123456789012:key/1", region="eu-central-1")
KEEPERS = [Keeper(name=name, public_key="a2V5") for name in ("alice", "bob", "carol")]
LABELS = {"idp/owner": "team-platform"}
LOCAL = vault.VaultSettings(
    image="idp.local/vault:1", bootstrap_image="idp.local/vault-bootstrap:1", snapshots=SnapshotVolume(), one_node=True
)
CLOUD = vault.VaultSettings(
    image="registry.example/vault:1",
    bootstrap_image="registry.example/vault-bootstrap:1",
    snapshots=SnapshotBucket(name="acme-vault-snapshots", region="eu-central-1"),
    kms=KMS,
    keepers=KEEPERS,
    threshold=2,
    replicas=5,
    pipeline=Pipeline(
        issuer="https://gitlab.example",
        audience="https://vault.acme.example",
        claims={"project_path": "acme/idp", "ref": "main", "ref_type": "branch", "ref_protected": "true"},
    ),
)
both = pytest.mark.parametrize("settings", [LOCAL, CLOUD], ids=["local", "cloud"])


class Recorder(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.made: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.resource_id:
            # Read, not made.
            return args.resource_id, {"data": {"ca.crt": "what clients trust"}}
        self.made.append(args)
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(args.token)


def declared(settings: vault.VaultSettings) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return kind and name to inputs of every Kubernetes object."""
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="idp", stack="test.platform")

    @pulumi.runtime.test
    def program() -> None:
        import pulumi_kubernetes as kubernetes

        around = vault.Surroundings(
            namespace="idp-vault",
            labels=LABELS,
            priority_class="idp-platform",
            api_server=[Destination(cidr="10.100.0.1/32", port=6443)],
        )
        vault.declare(settings, around, kubernetes.Provider("cluster"))

    program()
    objects = [args for args in recorder.made if args.typ.startswith("kubernetes:")]
    found = {(args.typ.rpartition(":")[2], args.inputs["metadata"]["name"]): args.inputs for args in objects}
    assert len(found) == len(objects)
    return found


def pod_specs(objects: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    found = {}
    for (kind, name), inputs in objects.items():
        if kind in ("StatefulSet", "Job"):
            found[name] = inputs["spec"]["template"]["spec"]
        elif kind == "CronJob":
            found[name] = inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return found


@both
def test_every_pod_is_restricted_with_a_read_only_root(settings: vault.VaultSettings) -> None:
    specs = pod_specs(declared(settings))
    assert {"vault", "vault-initialise", "vault-certificates", "vault-renewal"} < set(specs)
    for name, spec in specs.items():
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["priorityClassName"] == "idp-platform", name
        assert not spec["enableServiceLinks"], name
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"], name
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
            assert not container["securityContext"]["allowPrivilegeEscalation"], name


@both
def test_each_right_is_to_named_objects_except_to_create(settings: vault.VaultSettings) -> None:
    objects = declared(settings)
    roles = {name: inputs for (kind, name), inputs in objects.items() if kind == "Role"}
    assert roles
    for name, role in roles.items():
        for rule in role["rules"]:
            assert rule.get("resourceNames") or rule["verbs"] == ["create"], name
            assert not {"list", "watch", "delete", "deletecollection", "*"} & set(rule["verbs"]), name
    [cluster_role] = [inputs for (kind, _), inputs in objects.items() if kind == "ClusterRole"]
    assert [rule["resources"] for rule in cluster_role["rules"]] == [["tokenreviews"]]


@both
def test_a_pod_holds_a_cluster_token_only_if_it_has_rights(settings: vault.VaultSettings) -> None:
    objects = declared(settings)
    bound = {name for kind, name in objects if kind == "RoleBinding"}
    for name, spec in pod_specs(objects).items():
        assert spec["automountServiceAccountToken"] == (spec["serviceAccountName"] in bound), name
    for (kind, name), inputs in objects.items():
        if kind == "ServiceAccount" and name != "idp-deploy":
            assert inputs["automountServiceAccountToken"] is False, name


def test_servers_never_share_a_node_unless_there_is_one() -> None:
    spread = pod_specs(declared(CLOUD))["vault"]["affinity"]["podAntiAffinity"]
    [term] = spread["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert "affinity" not in pod_specs(declared(LOCAL))["vault"]


def test_only_local_has_a_vault_that_seals_another() -> None:
    assert ("StatefulSet", "vault-seal") in declared(LOCAL)
    cloud = declared(CLOUD)
    assert not [name for _, name in cloud if name.startswith("vault-seal")]
    text = cloud["ConfigMap", "vault"]["data"]["vault.hcl"]
    assert 'seal "awskms"' in text
    assert KMS.key_arn in text
    assert "access_key" not in text
    assert 'seal "' not in declared(LOCAL)["ConfigMap", "vault"]["data"]["vault.hcl"]


@both
def test_no_object_holds_a_secret(settings: vault.VaultSettings) -> None:
    objects = declared(settings)
    assert not [name for kind, name in objects if kind == "Secret"]
    assert "PRIVATE KEY" not in json.dumps(list(objects.values()))


@both
def test_only_the_servers_may_be_connected_to(settings: vault.VaultSettings) -> None:
    policies = {name: inputs["spec"] for (kind, name), inputs in declared(settings).items() if kind == "NetworkPolicy"}
    assert set(policies) == {"vault", "vault-task", *(["vault-seal"] if settings.kms is None else [])}
    assert "egress" not in policies.get("vault-seal", {})
    assert "ingress" not in policies["vault-task"]
    for name, spec in policies.items():
        for rule in (*spec.get("ingress", []), *spec.get("egress", [])):
            assert rule["ports"], name
            for peer in (*rule.get("from", []), *rule.get("to", [])):
                assert peer, name
                assert all(selector for selector in peer.values()), name


def test_the_services_follow_the_leader() -> None:
    objects = declared(LOCAL)
    assert objects["Service", "vault"]["spec"]["selector"]["vault-active"] == "true"
    assert objects["Service", "vault-standby"]["spec"]["selector"]["vault-active"] == "false"
    assert objects["Service", "vault-internal"]["spec"]["publishNotReadyAddresses"]


@pytest.mark.parametrize("replicas", REPLICAS)
def test_servers_know_each_other_and_the_certificate_covers_them(replicas: int) -> None:
    text = configuration.server("idp-vault", replicas, None, None)
    known = addresses("idp-vault", replicas)
    assert len(set(known)) == replicas
    assert all(f'leader_api_addr = "{address}"' in text for address in known)
    [wildcard] = [name for name in server_names("idp-vault") if name.startswith("*.")]
    for address in known:
        host = address.removeprefix("https://").removesuffix(":8200")
        assert host.partition(".")[2] == wildcard.removeprefix("*.")


@pytest.mark.parametrize("value", ["/plug${ins}", '/a"b', "/a\\b", "/a\nseal"])
def test_no_text_breaks_out_of_the_configuration(value: str) -> None:
    text = configuration.server("idp-vault", 1, value, None)
    [line] = [line for line in text.splitlines() if line.startswith("plugin_directory")]
    quoted = line.partition(" = ")[2]
    assert json.loads(quoted).replace("$${", "${") == value


def made_server(**changes: Any) -> None:  # noqa: ANN401
    args: dict[str, Any] = {
        "namespace": "idp-vault",
        "image": "vault:1",
        "bootstrap_image": "b:1",
        "seal": KMS,
        "labels": {},
        "priority_class": "p",
    }
    pulumi.runtime.set_mocks(Recorder(), project="idp", stack="test.platform")
    VaultServer("vault", VaultServerArgs(**{**args, **changes}))


@pytest.mark.parametrize("replicas", [-1, 0, 4, 6, 7])
def test_numbers_of_servers_that_gain_nothing_are_refused(replicas: int) -> None:
    with pytest.raises(ValueError, match=rf"^replicas: {replicas} is not allowed: one of 1, 2, 3, 5$"):
        made_server(replicas=replicas)


ALLOWED = {(0, True, 1), (1, False, 1), (2, False, 2), (3, False, 2), (3, False, 3)}


@pytest.mark.parametrize(
    ("number", "unguarded", "threshold"), list(itertools.product((0, 1, 2, 3), (True, False), range(5)))
)
def test_recovery_keys_have_keepers_or_are_knowingly_left_without(
    number: int, *, unguarded: bool, threshold: int
) -> None:
    args = VaultBootstrapArgs(
        namespace="idp-vault",
        image="b:1",
        labels={},
        priority_class="p",
        deploy_policy="{}",
        keepers=KEEPERS[:number],
        threshold=threshold,
        unguarded=unguarded,
    )
    pulumi.runtime.set_mocks(Recorder(), project="idp", stack="test.platform")
    if (number, unguarded, threshold) in ALLOWED or (number == 0 and unguarded):
        VaultBootstrap("vault", args)
    else:
        with pytest.raises(ValueError, match=r"^(keepers|threshold): "):
            VaultBootstrap("vault", args)


def test_another_configuration_runs_the_job_again() -> None:
    def digest(settings: vault.VaultSettings) -> str:
        job = declared(settings)["Job", "vault-initialise"]
        annotation: str = job["spec"]["template"]["metadata"]["annotations"]["idp/configuration"]
        return annotation

    assert digest(LOCAL) == digest(LOCAL)
    assert digest(LOCAL) != digest(CLOUD)
