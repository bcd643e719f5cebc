"""Two judges of objects of every kind: the pack, and the same rules on a real API server. All is a dry run."""

from __future__ import annotations

import http.client
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp import toolchain
from policies.admission import admission
from policies.catalogue import Catalogue, load
from policies.demand import Demands
from policies.evaluate import evaluate_resource
from policies.kinds import Kubernetes
from policies.report import refuses
from policies.rule import Resource
from policies.samples import SHA
from policies.settings import Settings
from tests.policies.admission_objects import BINDINGS, COLLECTIONS, POLICIES, Manifest, policy, whole
from tests.policies.api_server import ApiServer, started, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

KNOWN = Settings(registries=("registry.example/",))
ENFORCED = Catalogue(tuple(rule for rule in load().rules if isinstance(rule.check, Demands)))
RBAC, GATEWAY = "rbac.authorization.k8s.io", "gateway.networking.k8s.io"
CUSTOM = {
    "Gateway": "gateways",
    "HTTPRoute": "httproutes",
    "GRPCRoute": "grpcroutes",
    "ReferenceGrant": "referencegrants",
}
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Role": f"/apis/{RBAC}/v1/namespaces/{{}}/roles",
    "ClusterRole": f"/apis/{RBAC}/v1/clusterroles",
    "RoleBinding": f"/apis/{RBAC}/v1/namespaces/{{}}/rolebindings",
    "ClusterRoleBinding": f"/apis/{RBAC}/v1/clusterrolebindings",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    **{kind: f"/apis/{GATEWAY}/v1/namespaces/{{}}/{plural}" for kind, plural in CUSTOM.items()},
    **COLLECTIONS,
}
CLUSTER_WIDE = ("Namespace", "ClusterRole", "ClusterRoleBinding")
TEAM = "team"

_SAID = re.compile(r"Validation failed for ValidatingAdmissionPolicy '[\w-]+' with binding '[\w-]+': (\w+): ")


@dataclass(frozen=True)
class Server:
    """An API server that warns of everything the admission policies do not like."""

    api: ApiServer

    def refusing(self, item: Manifest) -> set[str] | None:
        """Return the rules that an object breaks, None if it is none that the server takes."""
        path = PATHS[item["kind"]].format(item["metadata"].get("namespace", ""))
        answer = self.api("POST", f"{path}?dryRun=All", item)
        if answer.status in (http.client.UNPROCESSABLE_ENTITY, http.client.BAD_REQUEST, http.client.CONFLICT):
            return None
        assert answer.status == http.client.CREATED, answer
        return {name for line in answer.warnings for name in _SAID.findall(line)}


def refusing(item: Manifest) -> set[str]:
    """Return the rules that the pack says an object breaks, of those that the API server knows, too."""
    group = item["apiVersion"] if "/" in item["apiVersion"] else f"core/{item['apiVersion']}"
    resource = Resource(f"kubernetes:{group}:{item['kind']}", "thing", item, settings=KNOWN)
    return {outcome.rule.id for outcome in evaluate_resource(ENFORCED, resource) if refuses(outcome)}


def _custom(kind: str, plural: str) -> Manifest:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{GATEWAY}",
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/1086"},
        },
        "spec": {
            "group": GATEWAY,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [version],
        },
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    tool = toolchain.ensure(print, ("etcd", "kube-apiserver", "kube-controller-manager")).path
    with started(tmp_path_factory.mktemp("server"), tool, "ImageVolume=true") as api:
        found = Server(api)
        for kind, plural in CUSTOM.items():
            api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _custom(kind, plural))
        api.create(PATHS["Namespace"], thing("Namespace", "v1", TEAM))
        for made in admission(ENFORCED, KNOWN):
            api.create(POLICIES, policy(made, made.name))
            api.create(BINDINGS, _binding(made.name))
        for bad in BAD:
            until(f"{bad['kind']} in force", lambda bad=bad: _asked(found, bad) == refusing(bad))  # type: ignore[misc]
        yield found


def _binding(of: str) -> Manifest:
    kind = "ValidatingAdmissionPolicyBinding"
    spec = {"policyName": of, "validationActions": ["Warn"]}
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": of}, "spec": spec}


def _asked(found: Server, item: Manifest) -> set[str] | None:
    path = PATHS[item["kind"]].format(TEAM)
    # Definitions take a moment to be served.
    served = found.api("GET", path).status == http.client.OK
    return found.refusing(item) if served else None


def thing(kind: str, version: str, name: str = "thing", **fields: object) -> Manifest:
    """Return an object; in a namespace, if its kind is."""
    place = {} if kind in CLUSTER_WIDE else {"namespace": TEAM}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place}, **fields}


def choice(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from(values)


def some(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[Manifest]:
    """Return maps with any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


IMAGES = choice(
    "app",
    "app:latest",
    "registry.example/app:1",
    "registry.example/app",
    "registry.example:5000/app:1",
    "registry.example:5000/app",
    f"registry.example/app@{SHA}",
    f"registry.example/app:latest@{SHA}",
    f"app:1@{SHA}",
    "app@sha256:0123",
    "app:1:2",
    "registry.example/app:-",
    "",
)
AMOUNTS = some(
    cpu=choice("1", "0", "50m", "0m", "1e-3", "0e3", "+1"), memory=choice("1Mi", "0", "0.0", "1E", "1.5Gi", "1e6")
)
REFERENCES: st.SearchStrategy[Manifest] = st.sampled_from(
    [
        {"value": "1"},
        {"valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}},
        {"valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}},
    ]
)


def _both(amounts: Manifest) -> object:
    return {"requests": amounts, "limits": amounts}


def _numbered(found: list[Manifest]) -> object:
    return [{"name": f"A{number}", **one} for number, one in enumerate(found)]


CONTAINERS: st.SearchStrategy[Manifest] = st.fixed_dictionaries(
    {"image": IMAGES},
    optional={
        "resources": AMOUNTS.map(_both),
        "securityContext": some(readOnlyRootFilesystem=choice(True, False, None)),
        "env": st.lists(REFERENCES, max_size=2).map(_numbered),
        "envFrom": st.lists(choice({"secretRef": {"name": "a"}}, {"configMapRef": {"name": "a"}}), max_size=2),
        "ports": choice([], [{"containerPort": 80}]),
        "readinessProbe": choice({"tcpSocket": {"port": 80}}, None),
    },
)
SPECS = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINERS, min_size=1, max_size=2)},
    optional={
        "automountServiceAccountToken": choice(True, False, None),
        "serviceAccountName": choice("default", "own", ""),
        "initContainers": st.lists(CONTAINERS.map(lambda one: {**one, "readinessProbe": None}), max_size=1),
    },
)


def _workload(kind: str, spec: Manifest) -> Manifest:
    named = {
        key: [{**one, "name": f"{key.lower()}{i}"} for i, one in enumerate(value)] if isinstance(value, list) else value
        for key, value in spec.items()
    }
    made = whole(kind, {"metadata": {"name": "thing"}, "spec": named})
    made["metadata"]["namespace"] = TEAM
    return made


RIGHTS = st.sampled_from(
    [
        *(("", "pods", verb) for verb in ("get", "create")),
        *(("", "secrets", verb) for verb in ("list", "create", "*")),
        ("", "pods/exec", "create"),
        ("", "nodes/proxy", "get"),
        ("", "*/proxy", "get"),
        ("", "serviceaccounts/token", "create"),
        ("", "persistentvolumes", "create"),
        ("", "users", "impersonate"),
        ("apps", "deployments", "create"),
        ("certificates.k8s.io", "signers", "approve"),
        ("certificates.k8s.io", "certificatesigningrequests/approval", "update"),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations", "patch"),
        ("admissionregistration.k8s.io", "*", "delete"),
        *((RBAC, "roles", verb) for verb in ("bind", "escalate", "*")),
        ("*", "*", "*"),
    ]
)
MORE = st.tuples(choice("", "apps", "*"), choice("pods", "*", "*/token"), choice("get", "create", "*"))
NAMES = some(resourceNames=choice([], ["a"]))


def _rule(rights: list[tuple[str, str, str]], names: Manifest) -> Manifest:
    keys = ("apiGroups", "resources", "verbs")
    return {
        **{key: list(dict.fromkeys(found)) for key, found in zip(keys, zip(*rights, strict=True), strict=True)},
        **names,
    }


RULES = st.lists(
    st.builds(_rule, st.tuples(RIGHTS).map(list) | st.tuples(RIGHTS, MORE).map(list), NAMES)
    | choice("/healthz", "*", "/*").map(lambda url: {"nonResourceURLs": [url], "verbs": ["get"]}),
    max_size=2,
)
SUBJECTS = choice(
    {"kind": "ServiceAccount", "name": "default", "namespace": TEAM},
    {"kind": "ServiceAccount", "name": "own", "namespace": TEAM},
    *(
        {"kind": kind, "name": name, "apiGroup": RBAC}
        for kind in ("User", "Group")
        for name in ("default", "people", "system:masters", "system:authenticated", "system:serviceaccounts:team")
    ),
    {"kind": "User", "name": "system:serviceaccount:team:default", "apiGroup": RBAC},
)
REFS = st.tuples(choice("Role", "ClusterRole"), choice("cluster-admin", "admin", "edit", "view")).map(
    lambda found: {"apiGroup": RBAC, "kind": found[0], "name": found[1]}
)
SERVICES = st.fixed_dictionaries(
    {"ports": st.just([{"port": 80}])},
    optional={
        "type": choice("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
        "externalName": st.just("a.example"),
        "externalIPs": choice([], ["192.0.2.1"]),
        "loadBalancerSourceRanges": choice([], ["192.0.2.0/24"]),
    },
)
LABELS = some(
    **{
        "pod-security.kubernetes.io/enforce": choice("baseline", "restricted", "privileged"),
        "pod-security.kubernetes.io/enforce-version": choice("latest", "v1.33", "1.33", "v1.033"),
    }
)
HOSTS = choice("web.example", "*.example", None)
INGRESSES = some(
    tls=choice([], [{"hosts": ["web.example"], "secretName": "web"}]),
    defaultBackend=choice(None, {"service": {"name": "web", "port": {"number": 80}}}),
    rules=st.lists(
        HOSTS.map(
            lambda host: {
                "host": host,
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "a", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ),
        max_size=2,
    ),
)
# Definitions with a schema have no nulls; those of this test have none.
SELECTORS = choice({}, {"matchLabels": {}}, {"matchLabels": {"a": "b"}}, {"matchExpressions": [{"key": "a"}]})
LISTENERS = some(
    protocol=choice("HTTP", "HTTPS", "TLS", "TCP"),
    hostname=choice("", "*.example"),
    tls=some(mode=choice("Terminate", "Passthrough"), certificateRefs=choice([], [{"name": "a"}])),
    allowedRoutes=some(namespaces=some(**{"from": choice("Same", "All", "Selector", "None"), "selector": SELECTORS})),
)
ROUTES = some(
    hostnames=choice([], ["web.example"], ["web.example", "*.example"], ["*"]),
    rules=st.lists(some(backendRefs=choice([], [{"name": "a"}])), max_size=2),
)
GRANTS = some(to=st.lists(some(name=choice("", "a"), kind=st.just("Secret")), max_size=2))


def objects() -> st.SearchStrategy[Manifest]:
    """Return objects of every kind that a policy is about."""
    return st.one_of(
        st.builds(_workload, st.sampled_from(sorted(COLLECTIONS)), SPECS),
        st.builds(lambda kind, rules: thing(kind, f"{RBAC}/v1", rules=rules), choice("Role", "ClusterRole"), RULES),
        st.builds(
            lambda kind, ref, subjects: thing(kind, f"{RBAC}/v1", roleRef=ref, subjects=subjects),
            choice("RoleBinding", "ClusterRoleBinding"),
            REFS,
            st.lists(SUBJECTS, max_size=2),
        ),
        SERVICES.map(lambda spec: thing("Service", "v1", spec=spec)),
        INGRESSES.map(lambda spec: thing("Ingress", "networking.k8s.io/v1", spec=spec)),
        st.builds(
            lambda name, token: thing("ServiceAccount", "v1", name, automountServiceAccountToken=token),
            choice("own", "default"),
            choice(True, False, None),
        ),
        choice("Opaque", "kubernetes.io/service-account-token").map(_secret),
        st.builds(_namespace, choice("thing", "kube-thing", "kubernetes"), LABELS),
        st.builds(_placed, choice("default", TEAM), choice("thing", "kube-root-ca.crt", "kubernetes")),
        st.lists(LISTENERS, max_size=2).map(lambda found: thing("Gateway", f"{GATEWAY}/v1", spec={"listeners": found})),
        st.builds(lambda kind, spec: thing(kind, f"{GATEWAY}/v1", spec=spec), choice("HTTPRoute", "GRPCRoute"), ROUTES),
        GRANTS.map(lambda spec: thing("ReferenceGrant", f"{GATEWAY}/v1", spec=spec)),
    )


def _secret(kind: object) -> Manifest:
    made = thing("Secret", "v1", type=kind)
    made["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "a"}
    return made


def _namespace(name: object, labels: Manifest) -> Manifest:
    made = thing("Namespace", "v1", str(name))
    made["metadata"]["labels"] = labels
    return made


def _placed(namespace: object, name: object) -> Manifest:
    made = thing("ConfigMap", "v1", str(name))
    made["metadata"]["namespace"] = namespace
    return made


_ALL_RIGHTS = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
_EVERYTHING = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
BAD = (
    _workload("Deployment", {"containers": [{"image": "app", "ports": [{"containerPort": 80}]}]}),
    thing("Role", f"{RBAC}/v1", rules=_ALL_RIGHTS),
    thing("ClusterRole", f"{RBAC}/v1", rules=_ALL_RIGHTS),
    thing("ClusterRoleBinding", f"{RBAC}/v1", roleRef={**_EVERYTHING, "name": "edit"}, subjects=[]),
    thing(
        "RoleBinding",
        f"{RBAC}/v1",
        roleRef=_EVERYTHING,
        subjects=[{"kind": "Group", "name": "system:masters", "apiGroup": RBAC}],
    ),
    thing("Service", "v1", spec={"type": "NodePort", "ports": [{"port": 80}], "externalIPs": ["192.0.2.1"]}),
    thing(
        "Ingress", "networking.k8s.io/v1", spec={"defaultBackend": {"service": {"name": "a", "port": {"number": 1}}}}
    ),
    thing("ServiceAccount", "v1"),
    _secret("kubernetes.io/service-account-token"),
    _namespace("kube-thing", {}),
    _placed("default", "thing"),
    thing("Gateway", f"{GATEWAY}/v1", spec={"listeners": [{"protocol": "TCP"}]}),
    thing("HTTPRoute", f"{GATEWAY}/v1", spec={}),
    thing("GRPCRoute", f"{GATEWAY}/v1", spec={}),
    thing("ReferenceGrant", f"{GATEWAY}/v1", spec={"to": [{"kind": "Secret"}]}),
)
"""One that breaks something for each policy: so it is known when all are in force."""


def test_every_policy_has_an_object_that_it_refuses(server: Server) -> None:
    judged = {policy.name: {one.control for one in policy.validations} for policy in admission(ENFORCED, KNOWN)}
    said = [server.refusing(item) or set() for item in BAD]
    for name, controls in judged.items():
        assert any(controls & found for found in said), name


def test_both_agree_on_generated_objects(server: Server) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=1500, suppress_health_check=list(HealthCheck))
    @given(objects())
    def agree(item: Manifest) -> None:
        said = server.refusing(item)
        seen["invalid" if said is None else "valid"] += 1
        if said is not None:
            assert said == refusing(item)
            seen.update(said or ["none"])

    agree()
    assert seen["valid"] > seen["invalid"], seen
    about_objects = {rule.id for rule in ENFORCED.rules if isinstance(rule.types, Kubernetes)}
    never = {rule for rule in about_objects if not rule.startswith("pod_")} - set(seen)
    assert not never, "rules that no generated object breaks"
