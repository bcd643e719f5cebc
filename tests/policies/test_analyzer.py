"""The pack as a process, asked over gRPC with what the engine sends: secrets, unknown values and whole stacks."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policies.catalogue import Catalogue
from policies.rule import Rule
from policies.samples import SHA

from .pack_copy import PACK, copied

MANDATORY, ADVISORY = "MANDATORY", "ADVISORY"
PROVIDER = "pulumi:providers:kubernetes"
NAMESPACE = "kubernetes:core/v1:Namespace"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
LABELS = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "v1.33",
    **dict.fromkeys(("idp/cost-centre", "idp/environment", "idp/owner"), "a"),
}
RESOURCES = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}}
IMAGE = f"registry.example/app:1@{SHA}"
SECURITY = {
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
GOOD = {"name": "app", "resources": RESOURCES, "securityContext": SECURITY}
"""A container that nothing is said about once it has an image."""
POD = {"automountServiceAccountToken": False}
"""The same for a pod, once it has containers."""
PLACED = {"name": "thing", "namespace": "team"}
DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}

# How the engine marks values on the wire: properties.go and plugin/rpc.go of its sdk/go/common/resource.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def secret(value: object) -> dict[str, object]:
    return {SIGNATURE: SECRET_MARK, "value": value}


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev.platform::idp::{token}::{name}"


def _struct(props: Mapping[str, object]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(props)
    return struct


@dataclass(frozen=True)
class Said:
    """One diagnostic."""

    message: str
    level: str
    urn: str
    pack: str
    policy: str
    severity: str


@dataclass(frozen=True)
class Analyzer:
    """A running pack."""

    stub: analyzer_pb2_grpc.AnalyzerStub

    def analyze(
        self,
        token: str,
        props: Mapping[str, object],
        name: str = "thing",
        provider: str = "cluster",
        *,
        protect: bool = True,
    ) -> list[Said]:
        made_by = analyzer_pb2.AnalyzerProviderResource(
            type=PROVIDER, name=provider, urn=urn(PROVIDER, provider), properties=_struct({"kubeconfig": secret("x")})
        )
        request = analyzer_pb2.AnalyzeRequest(
            type=token,
            name=name,
            urn=urn(token, name),
            properties=_struct(props),
            provider=made_by,
            options=analyzer_pb2.AnalyzerResourceOptions(protect=protect),
        )
        return _said(self.stub.Analyze(request, timeout=20))

    def analyze_stack(self, resources: Sequence[tuple[str, str, Mapping[str, object]]]) -> list[Said]:
        sent = [
            analyzer_pb2.AnalyzerResource(type=token, name=name, urn=urn(token, name), properties=_struct(props))
            for token, name, props in resources
        ]
        return _said(self.stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=sent), timeout=20))

    def policies(self) -> dict[str, str]:
        info = self.stub.GetAnalyzerInfo(empty_pb2.Empty(), timeout=20)
        return {
            f"{info.name}/{one.name}": analyzer_pb2.EnforcementLevel.Name(one.enforcementLevel) for one in info.policies
        }


def _said(response: analyzer_pb2.AnalyzeResponse) -> list[Said]:
    return [
        Said(
            one.message,
            analyzer_pb2.EnforcementLevel.Name(one.enforcementLevel),
            one.urn,
            one.policyPackName,
            one.policyName,
            analyzer_pb2.PolicySeverity.Name(one.severity),
        )
        for one in response.diagnostics
    ]


@contextmanager
def started(folder: Path) -> Iterator[Analyzer]:
    """Start a pack as the language host does: the folder is the working directory and the program.

    The pack asks the engine nothing, so there is none at the address.
    """
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", "."]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip().decode()
            assert port.isdigit(), f"no port but {port!r}"
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Analyzer(analyzer_pb2_grpc.AnalyzerStub(channel))
        finally:
            process.kill()


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Analyzer]:
    with started(PACK) as running:
        yield running


def _deployment(**container: object) -> dict[str, object]:
    return {"metadata": PLACED, "spec": {"template": {"spec": {**POD, "containers": [{**GOOD, **container}]}}}}


def _levels(response: list[Said]) -> list[str]:
    return [found.level for found in response]


def test_info_names_every_rule_as_mandatory(analyzer: Analyzer, catalogue: Catalogue) -> None:
    assert analyzer.policies() == {f"idp/{rule.id}": MANDATORY for rule in catalogue.rules}


def test_samples_get_their_verdict_over_the_wire(analyzer: Analyzer, catalogue: Catalogue) -> None:
    asked = 0
    for rule in catalogue.rules:
        # Nobody tells this pack of an environment: a rule that needs something of it is silent.
        if not isinstance(rule, Rule) or rule.setting is not None:
            continue
        for sample, refused in [(one, False) for one in rule.passing] + [(one, True) for one in rule.failing]:
            provider = sample.provider.name if sample.provider else "cluster"
            protect = sample.protect is not False
            response = analyzer.analyze(sample.type, sample.props, provider=provider, protect=protect)
            said = [found.message for found in response if f"\n{rule.id} (" in found.message]
            if sample.type != "pulumi:pulumi:StackReference":
                assert bool(said) is refused, sample
            assert set(_levels(response)) <= {MANDATORY}
            asked += 1
    assert asked > 50


def test_a_good_resource_passes(analyzer: Analyzer) -> None:
    assert not analyzer.analyze(DEPLOYMENT, _deployment(image=IMAGE))
    assert not analyzer.analyze(NAMESPACE, {"metadata": {"name": "team", "labels": LABELS}})


def test_a_violation_is_one_mandatory_diagnostic(analyzer: Analyzer) -> None:
    (found,) = analyzer.analyze(DEPLOYMENT, _deployment(image="app:1"), name="web")
    assert found.level == MANDATORY
    assert found.pack == "idp"
    assert (found.policy, found.severity) == ("image_digest", "POLICY_SEVERITY_LOW")
    assert found.urn == urn(DEPLOYMENT, "web")
    assert found.message.splitlines()[1] == (
        "image_digest (low) on web, spec.template.spec.containers[0].image: has no digest; "
        "allowed is an image with `@sha256:...`"
    )


@pytest.mark.parametrize("hide", ["image", "resources", "securityContext", "container", "containers", "spec", "top"])
def test_an_unknown_value_is_advisory_and_never_fine(analyzer: Analyzer, hide: str) -> None:
    container: object = {**GOOD, "image": IMAGE}
    if hide in ("image", "resources", "securityContext"):
        container = {**GOOD, "image": IMAGE, hide: UNKNOWN}
    if hide == "container":
        container = UNKNOWN
    spec: object = {"template": {"spec": {**POD, "containers": UNKNOWN if hide == "containers" else [container]}}}
    if hide == "spec":
        spec = {"template": {"spec": UNKNOWN}}
    response = analyzer.analyze(DEPLOYMENT, {"metadata": PLACED, "spec": UNKNOWN if hide == "top" else spec})
    asked = {
        "image": {"image_pinned"},
        "resources": {"container_resources"},
        "securityContext": {"container_read_only_root"},
    }
    assert {found.policy for found in response} >= asked.get(hide, {"image_pinned", "container_resources"})
    assert set(_levels(response)) == {ADVISORY}
    assert all("is not yet known; checked again on the update" in found.message for found in response)
    assert UNKNOWN not in str(response)


def test_an_unknown_value_hides_no_violation_beside_it(analyzer: Analyzer) -> None:
    containers = [{**GOOD, "image": UNKNOWN}, {**GOOD, "image": "app:1"}]
    props = {"metadata": PLACED, "spec": {**POD, "containers": containers}}
    response = analyzer.analyze("kubernetes:core/v1:Pod", props)
    said = {(found.policy, found.level): found.message for found in response}
    assert said.keys() == {("image_digest", MANDATORY), ("image_digest", ADVISORY), ("image_pinned", ADVISORY)}
    assert "spec.containers[1].image: has no digest" in said["image_digest", MANDATORY]
    assert "image_pinned on thing, spec.containers[0].image is not yet known" in said["image_pinned", ADVISORY]


def test_a_secret_is_judged_but_not_repeated(analyzer: Analyzer) -> None:
    canaries = [f"canary{number:03}" for number in range(100)]
    names = iter(canaries)
    env = [{"name": secret(next(names)), "value": secret(next(names))} for _ in range(30)]
    container = {
        "name": secret(next(names)),
        "image": secret(f"{next(names)}:latest"),
        "env": env,
        "command": [secret(next(names)) for _ in range(10)],
        "resources": secret({"limits": {"cpu": next(names)}, "requests": {}}),
    }
    metadata = {"name": secret(next(names)), "annotations": {"a": secret(next(names))}, "labels": {"b": next(names)}}
    pod = {"metadata": metadata, "spec": {"containers": [container], "nodeName": secret(next(names))}}
    role = {"rules": [{"verbs": ["*", secret(next(names))], "resources": [f"*/{next(names)}"], "apiGroups": [""]}]}
    bound = {"roleRef": {"kind": next(names), "name": "cluster-admin"}, "subjects": [{"name": secret(next(names))}]}
    space = {"metadata": {"name": next(names), "labels": {label: secret(next(names)) for label in LABELS}}}
    rbac = "kubernetes:rbac.authorization.k8s.io/v1:"
    responses = [
        analyzer.analyze("kubernetes:core/v1:Pod", pod),
        analyzer.analyze("kubernetes:core/v1:Secret", {"stringData": {"a": secret(next(names))}}, provider="default"),
        analyzer.analyze(f"{rbac}ClusterRole", role),
        analyzer.analyze(f"{rbac}RoleBinding", bound),
        analyzer.analyze(NAMESPACE, space),
        analyzer.analyze_stack([(NAMESPACE, "team", space)]),
    ]
    assert all(response for response in responses)
    said = "".join(str(response) for response in responses)
    assert not [canary for canary in canaries if canary in said]


def test_the_default_provider_is_refused(analyzer: Analyzer) -> None:
    response = analyzer.analyze("kubernetes:core/v1:Node", {}, provider="default_4_25_0")
    assert _levels(response) == [MANDATORY]
    assert "default_provider (high) on thing: made by a default provider" in response[0].message


def test_a_namespace_without_default_deny_is_refused(analyzer: Analyzer) -> None:
    team = (NAMESPACE, "team", {"metadata": {"name": "team"}})
    other = (NETWORK_POLICY, "deny", {"metadata": {"name": "deny", "namespace": "other"}, "spec": DENY})
    (found,) = analyzer.analyze_stack([team, other])
    assert found.level == MANDATORY
    assert found.urn == urn(NAMESPACE, "team")
    assert "namespace_default_deny (high) on team, metadata.name: no NetworkPolicy" in found.message


def test_a_namespace_with_default_deny_passes(analyzer: Analyzer) -> None:
    team = (NAMESPACE, "team", {"metadata": {"name": "team"}})
    deny = (NETWORK_POLICY, "deny", {"metadata": {"name": "deny", "namespace": "team"}, "spec": DENY})
    assert not analyzer.analyze_stack([team, deny])
    assert not analyzer.analyze_stack([])


@pytest.mark.parametrize("hidden", ["namespace", "policy", "spec", "unconfigured"])
def test_a_stack_that_is_not_known_yet_is_advisory(analyzer: Analyzer, hidden: str) -> None:
    space: dict[str, object] = {"metadata": {"name": UNKNOWN if hidden == "namespace" else "team"}}
    where = UNKNOWN if hidden == "policy" else "team"
    policy = {"metadata": {"namespace": where}, "spec": UNKNOWN if hidden == "spec" else DENY}
    if hidden == "unconfigured":
        space = {}
    response = analyzer.analyze_stack([(NAMESPACE, "team", space), (NETWORK_POLICY, "deny", policy)])
    assert _levels(response) == [ADVISORY]
    assert "namespace_default_deny on team, metadata.name is not yet known" in response[0].message


def test_types_without_rules_and_odd_properties_are_let_through(analyzer: Analyzer) -> None:
    odd = {"data": {"__target": "x", "": None, "a": [[], {}, [1.5, None, True]]}}
    assert not analyzer.analyze("kubernetes:core/v1:Node", odd)


def test_a_broken_rule_refuses_without_ending_the_analysis(tmp_path: Path) -> None:
    pack = copied(tmp_path)
    (pack / "rules" / "broken.py").write_text(
        "from dataclasses import replace\n"
        "from policies.rules.default_provider import RULE as other\n"
        "RULE = replace(other, id='broken', check=lambda found: found.props['spec']['canary-value'])\n"
    )
    with started(pack) as analyzer:
        response = analyzer.analyze(DEPLOYMENT, _deployment(image="app:1"), name="web")
    assert _levels(response) == [MANDATORY, MANDATORY]
    said = "\n".join(found.message for found in response)
    assert "rule broken could not be evaluated on web: KeyError" in said
    assert "image_digest (low) on web" in said
    assert "canary-value" not in said


def test_a_pack_that_lost_a_rule_does_not_start(tmp_path: Path) -> None:
    pack = copied(tmp_path)
    (pack / "rules" / "empty.py").touch()
    with pytest.raises(AssertionError, match="no port"), started(pack):
        pass


def test_a_pack_that_lost_its_parent_ends() -> None:
    """A language host that was killed ends nobody; the pack looks for itself."""
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", "."]
    host = f"import subprocess; print(subprocess.Popen({command}, stdout=subprocess.PIPE).stdout.readline().decode())"
    done = subprocess.run(
        [sys.executable, "-c", host], cwd=PACK, capture_output=True, text=True, timeout=60, check=True
    )
    address = ("127.0.0.1", int(done.stdout))
    for _ in range(300):
        try:
            socket.create_connection(address, timeout=5).close()
        except OSError:
            return
        time.sleep(0.1)
    pytest.fail("the pack still listens")
