"""What the environment file promises is what the cluster enforces."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from .checkout import Checkout
from .kubectl import RESTRICTED, Kubectl, Manifest, pod, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

HELLO = "http://hello.sample.svc:8080/"
FOREIGN = "docker.io/library/busybox:1"

READERS, DEVELOPERS, MAINTAINERS, OTHERS = (
    "sample-readers",
    "sample-developers",
    "sample-maintainers",
    "blue-developers",
)
EVERYBODY = (READERS, DEVELOPERS, MAINTAINERS, OTHERS)

RIGHTS: dict[tuple[str, ...], set[str]] = {
    # verb, resource, namespace: the groups that may
    ("list", "pods", "sample"): {READERS, DEVELOPERS, MAINTAINERS},
    ("get", "pods/log", "sample"): {READERS, DEVELOPERS, MAINTAINERS},
    ("get", "resourcequotas", "sample"): {READERS, DEVELOPERS, MAINTAINERS},
    ("get", "secrets", "sample"): {MAINTAINERS},
    ("create", "secrets", "sample"): {MAINTAINERS},
    ("create", "deployments.apps", "sample"): {DEVELOPERS, MAINTAINERS},
    ("create", "pods/exec", "sample"): {DEVELOPERS, MAINTAINERS},
    ("delete", "services", "sample"): {DEVELOPERS, MAINTAINERS},
    ("create", "serviceaccounts", "sample"): {MAINTAINERS},
    ("create", "rolebindings.rbac.authorization.k8s.io", "sample"): {MAINTAINERS},
    ("update", "resourcequotas", "sample"): set(),
    ("update", "limitranges", "sample"): set(),
    ("create", "networkpolicies.networking.k8s.io", "sample"): set(),
    ("delete", "networkpolicies.networking.k8s.io", "sample"): set(),
    ("escalate", "roles.rbac.authorization.k8s.io", "sample"): set(),
    ("bind", "roles.rbac.authorization.k8s.io", "sample"): set(),
    ("impersonate", "serviceaccounts", "sample"): set(),
    ("update", "namespaces", "sample"): set(),
    ("create", "clusterroles.rbac.authorization.k8s.io", ""): set(),
    ("list", "nodes", ""): set(),
    ("list", "namespaces", ""): set(),
    ("list", "pods", "blue"): {OTHERS},
    ("create", "deployments.apps", "blue"): {OTHERS},
    ("get", "secrets", "blue"): set(),
    ("list", "pods", "idp-vault"): set(),
    ("get", "secrets", "kube-system"): set(),
}


def container(**change: object) -> Callable[[Manifest], None]:
    """Return a change of a pod's one container."""

    def apply(manifest: Manifest) -> None:
        manifest["spec"]["containers"][0].update(change)

    return apply


def security(**change: object) -> Callable[[Manifest], None]:
    return container(securityContext={**RESTRICTED, **change})


def host_path(manifest: Manifest) -> None:
    manifest["spec"]["volumes"] = [{"name": "host", "hostPath": {"path": "/"}}]


def host_network(manifest: Manifest) -> None:
    manifest["spec"]["hostNetwork"] = True


@pytest.fixture
def file(platform: Checkout) -> Iterator[Callable[[str, str], None]]:
    """Return a function that changes the environment file and brings the environment up; undone at the end."""

    def change(before: str, after: str) -> None:
        assert before in platform.original
        platform.describe(platform.original.replace(before, after, 1))
        platform.up()

    yield change
    platform.describe(None)
    platform.up()


def test_service_answers_from_a_pod_of_the_same_namespace(kubectl: Kubectl) -> None:
    with kubectl.client("sample") as probe:
        # Until the network's rules know a new pod's address it reaches nothing.
        until("first answer", lambda: probe("get", HELLO, "--timeout=5s").worked, 30)
        # Nor do they deny anything before: what still answers after seconds is what they allow.
        answers = set()
        for _ in range(6):
            time.sleep(1)
            answers.add(probe("get", HELLO, "--timeout=5s"))
    assert len(answers) == 1
    assert answers.pop().line.startswith("200 hello from hello-")


def test_the_line_between_teams_is_opened_and_closed_by_the_file(
    platform: Checkout, kubectl: Kubectl, file: Callable[[str, str], None]
) -> None:
    egress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "to-sample", "namespace": "blue"},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "sample"}}}]}],
        },
    }
    with kubectl.client("blue") as probe:

        def get() -> bool:
            return probe("get", HELLO, "--timeout=3s").worked

        until("DNS", lambda: probe("resolve", "hello.sample.svc.cluster.local").worked, 30)
        assert not get()
        # What leaves `blue` is opened by hand, so that what enters `sample` is all that is missing.
        assert kubectl.create(egress).code == 0
        try:
            assert [get() for _ in range(5)] == [False] * 5
            file(
                "    services:\n      - name: hello",
                "    network: {ingress_from: [blue]}\n    services:\n      - name: hello",
            )
            until("allowed", get, 30)
            platform.describe(None)
            platform.up()
            until("denied again", lambda: not get(), 30)
            assert [get() for _ in range(3)] == [False] * 3
        finally:
            kubectl("delete", "networkpolicy", "to-sample", "-n", "blue")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("privileged", security(privileged=True, allowPrivilegeEscalation=True)),
        ("root", security(runAsUser=0)),
        ("may-be-root", security(runAsNonRoot=False)),
        ("escalation", security(allowPrivilegeEscalation=True)),
        ("capability", security(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]})),
        ("unconfined", security(seccompProfile={"type": "Unconfined"})),
        ("host-path", host_path),
        ("host-network", host_network),
        ("host-port", container(ports=[{"containerPort": 80, "hostPort": 80}])),
    ],
)
@pytest.mark.parametrize("namespace", ["sample", "idp-vault"])
def test_pod_security_refuses(kubectl: Kubectl, namespace: str, name: str, change: Callable[[Manifest], None]) -> None:
    manifest = pod(namespace, name, "sleep", "1s")
    allowed = kubectl.create(manifest, "--dry-run=server")
    assert allowed.code == 0, allowed
    change(manifest)
    refused = kubectl.create(manifest, "--dry-run=server")
    assert refused.code != 0
    # The API server runs without --allow-privileged, and says so before Pod Security does.
    privileged = "disallowed by cluster policy" in refused.err and name == "privileged"
    assert privileged or 'violates PodSecurity "restricted:latest"' in refused.err, refused


def test_quota_holds(kubectl: Kubectl) -> None:
    greedy = pod("blue", "greedy", "sleep", "1s")
    resources = {"requests": {"cpu": "10m", "memory": "300Mi"}, "limits": {"memory": "300Mi"}}
    greedy["spec"]["containers"][0]["resources"] = resources
    refused = kubectl.create(greedy)
    assert refused.code != 0
    assert "exceeded quota: workspace" in refused.err
    for kind in ("requests.memory=300Mi", "limits.memory=300Mi", "limited: limits.memory=256Mi"):
        assert kind in refused.err, refused


def test_number_of_pods_is_limited(kubectl: Kubectl) -> None:
    def used() -> str:
        quota = kubectl.get("resourcequota", "workspace", "-n", "blue")
        return str(quota["status"]["used"]["pods"])

    until("no pods counted", lambda: used() == "0")
    made = []
    try:
        for number in range(6):
            small = pod("blue", f"many-{number}", "sleep", "60s")
            small["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "10m", "memory": "16Mi"}}
            ran = kubectl.create(small)
            made.append(ran.code == 0)
        assert made == [True] * 5 + [False]
        assert "exceeded quota: workspace, requested: pods=1, used: pods=5, limited: pods=5" in ran.err
    finally:
        names = [f"many-{number}" for number in range(5)]
        kubectl("delete", "pods", *names, "-n", "blue", "--grace-period=1", "--ignore-not-found")


def test_a_container_without_limits_gets_the_workspaces(kubectl: Kubectl) -> None:
    made = kubectl.create(pod("sample", "defaults", "sleep", "1s"), "--dry-run=server", "-o", "json")
    assert made.json()["spec"]["containers"][0]["resources"] == {
        "requests": {"cpu": "10m", "memory": "16Mi"},
        "limits": {"cpu": "200m", "memory": "64Mi"},
    }


@pytest.mark.parametrize("where", ["containers", "initContainers"])
def test_image_of_another_registry_is_refused(kubectl: Kubectl, where: str) -> None:
    manifest = pod("sample", "foreign", "sleep", "1s")
    image = {"name": "foreign", "image": FOREIGN, "securityContext": RESTRICTED}
    manifest["spec"][where] = [image]
    refused = kubectl.create(manifest, "--dry-run=server")
    assert refused.code != 0
    assert "image: from an unknown registry; allowed: idp.local/" in refused.err


def test_image_of_another_registry_is_refused_in_a_running_pod(kubectl: Kubectl) -> None:
    running = until("pod of sample", lambda: kubectl.get("pods", "-n", "sample")["items"])[0]["metadata"]["name"]
    refused = kubectl("debug", running, "-n", "sample", f"--image={FOREIGN}", "--profile=restricted")
    assert refused.code != 0
    assert "image: from an unknown registry" in refused.err, refused
    refused = kubectl("set", "image", f"pod/{running}", f"service={FOREIGN}", "-n", "sample")
    assert refused.code != 0
    assert "image: from an unknown registry" in refused.err, refused


@pytest.mark.parametrize(
    "spec", [{"type": "NodePort"}, {"type": "LoadBalancer"}, {"externalIPs": ["192.0.2.1"]}, {"type": "ExternalName"}]
)
def test_service_past_the_gateway_is_refused(kubectl: Kubectl, spec: dict[str, object]) -> None:
    more = {"externalName": "example.com"} if spec.get("type") == "ExternalName" else {}
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "exposed", "namespace": "sample"},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "none"}, **spec, **more},
    }
    refused = kubectl.create(manifest, "--dry-run=server")
    assert refused.code != 0
    assert "only ClusterIP without externalIPs" in refused.err, refused


def test_pod_security_label_cannot_be_taken_off(kubectl: Kubectl) -> None:
    for label in ("pod-security.kubernetes.io/enforce-", "pod-security.kubernetes.io/enforce=privileged"):
        refused = kubectl("label", "namespace", "sample", label, "--overwrite", "--dry-run=server")
        assert refused.code != 0
        assert "enforce must be baseline or restricted" in refused.err, refused


@pytest.mark.parametrize(("question", "allowed"), RIGHTS.items(), ids=[" ".join(question) for question in RIGHTS])
def test_who_may_what(kubectl: Kubectl, question: tuple[str, str, str], allowed: set[str]) -> None:
    verb, resource, namespace = question
    place = ("-n", namespace) if namespace else ()
    answers = {
        group: kubectl("auth", "can-i", verb, resource, *place, "--as", "somebody", "--as-group", group).out.strip()
        for group in EVERYBODY
    }
    assert answers == {group: "yes" if group in allowed else "no" for group in EVERYBODY}


def test_only_maintainers_log_in_to_vault_and_no_pod_as_them(kubectl: Kubectl) -> None:
    def asked(group: str, namespace: str, account: str) -> bool:
        who = ("--as", "somebody", "--as-group", group)
        return kubectl("create", "token", account, "-n", namespace, "--audience=vault", *who).code == 0

    account = "vault-maintainer"
    found = {(group, place) for group in EVERYBODY for place in ("sample", "blue") if asked(group, place, account)}
    # The other workspace has developers alone.
    assert found == {(MAINTAINERS, "sample")}
    assert not [group for group in EVERYBODY if asked(group, "sample", "workload")]
    manifest = pod("sample", "climber", "sleep", "1s")
    for name, works in ((account, False), ("workload", True)):
        manifest["spec"]["serviceAccountName"] = name
        ran = kubectl.create(manifest, "--dry-run=server", "--as", "dev", "--as-group", DEVELOPERS)
        assert (ran.code == 0) == works, ran
        assert works or "vault-maintainer is for people's login to Vault" in ran.err


def test_a_stranger_may_nothing(kubectl: Kubectl) -> None:
    for verb, resource, namespace in RIGHTS:
        place = ("-n", namespace) if namespace else ()
        answer = kubectl(
            "auth", "can-i", verb, resource, *place, "--as", "stranger", "--as-group", "system:authenticated"
        )
        assert answer.out.strip() == "no", (verb, resource, namespace)


def test_a_developer_can_deploy_and_cannot_climb(kubectl: Kubectl) -> None:
    """What `can-i` says is also what happens."""
    developer = ("--as", "dev", "--as-group", DEVELOPERS)
    made = kubectl.create(pod("sample", "by-developer", "sleep", "1s"), "--dry-run=server", *developer)
    assert made.code == 0, made
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "climb", "namespace": "sample"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": DEVELOPERS}],
    }
    for group in (DEVELOPERS, MAINTAINERS):
        refused = kubectl.create(binding, "--dry-run=server", "--as", "dev", "--as-group", group)
        assert refused.code != 0
        assert "forbidden" in refused.err.lower()
