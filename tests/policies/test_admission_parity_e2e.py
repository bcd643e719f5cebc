"""Three judges of one object: the pack, its admission policies on a real API server, and Pod Security admission there.

The pods are the newest test data of Pod Security's module in every kind, and generated ones. All is a dry run.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from idp import toolchain
from policies.admission import admission
from policies.catalogue import load
from tests.policies.admission_objects import (
    BINDINGS,
    COLLECTIONS,
    POLICIES,
    Manifest,
    binding,
    namespace,
    policy,
    whole,
)
from tests.policies.api_server import Answer, ApiServer, started, until
from tests.policies.pod_security.fixtures import KINDS, LEVELS, newest
from tests.policies.test_pod_security_fixtures import profile, refusing

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

GATES = "ImageVolume=true"
"""What the fixtures need that this server drops by default."""

SERVER_IS_OLDER = {
    **{
        (level, f"hostprobesandhostlifecycle{number}"): "hosts of probes and hooks are a control since 1.34"
        for level in LEVELS
        for number in range(5)
    },
    ("baseline", "procmount1"): "pods with users of their own may have an unmasked /proc since 1.35",
    ("baseline", "sysctls1"): "net.ipv4.tcp_slow_start_after_idle and tcp_notsent_lowat are allowed since 1.37",
    ("restricted", "sysctls1"): "net.ipv4.tcp_slow_start_after_idle and tcp_notsent_lowat are allowed since 1.37",
}
"""Passes or fails: level and fixture whose verdict Pod Security admission of 1.33 gives the other way, and why."""

INVALID = {
    (level, f"procmount{number}"): "validation wants `hostUsers: false` with an unmasked /proc, before any admission"
    for level in LEVELS
    for number in range(2)
}
"""What fails there and is no valid object here; a StatefulSet's template is not validated that far."""

EARLIER = ("hostNetwork", "pod_host_ports")
"""On the node's network a port is the node's: the pack says so of every template, the server only once it is a pod's.

The verdict is the same, since the other rule refuses `hostNetwork` itself.
"""

_SAID = re.compile(r"Validation failed for ValidatingAdmissionPolicy '\w+' with binding '[\w.-]+': (\w+): ")
_SPOKEN = "would violate PodSecurity"


@dataclass(frozen=True)
class Judged:
    """What the server says to an object at a level."""

    invalid: bool
    policies: frozenset[str]
    """The rules whose admission policies it does not satisfy."""
    denied: bool
    pod_security: bool
    """Whether Pod Security admission is content with it."""


@dataclass(frozen=True)
class Server:
    """An API server with the admission policies of both levels and a namespace for each way to ask."""

    api: ApiServer

    def judge(self, level: str, item: Manifest) -> Judged:
        warned, denied = (self.ask(f"{level}-{how}", item) for how in ("warned", "denied"))
        policies = {name for line in warned.warnings for name in _SAID.findall(line)}
        refused = any(_SPOKEN in line for line in warned.warnings)
        if item["kind"] == "Pod" and warned.status == http.client.CREATED:
            enforced = self.ask(f"{level}-enforced", item)
            assert (enforced.status == http.client.FORBIDDEN) is refused, (enforced, warned)
        return Judged(
            warned.status != http.client.CREATED,
            frozenset(policies),
            "denied request: pod_" in denied.message,
            not refused,
        )

    def ask(self, space: str, item: Manifest) -> Answer:
        answer = self.api("POST", f"{COLLECTIONS[item['kind']].format(space)}?dryRun=All", item)
        assert answer.status in (
            http.client.CREATED,
            http.client.FORBIDDEN,
            http.client.UNPROCESSABLE_ENTITY,
        ), answer
        return answer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    names = ("etcd", "kube-apiserver", "kube-controller-manager")
    tool = toolchain.ensure(print, names).path
    with started(tmp_path_factory.mktemp("server"), tool, GATES) as api:
        found = Server(api)
        for level in LEVELS:
            (made,) = admission(profile(level))
            api.create(POLICIES, policy(made, level))
            api.create("/api/v1/namespaces", namespace(f"{level}-enforced", enforce=level))
            api.create("/api/v1/namespaces", namespace(f"{level}-warned", warn=level))
            api.create("/api/v1/namespaces", namespace(f"{level}-denied"))
            api.create(BINDINGS, binding(level, f"{level}-warned", "Warn"))
            api.create(BINDINGS, binding(level, f"{level}-denied", "Deny"))
        bad = whole("Pod", {"metadata": {"name": "bad"}, "spec": {**_pod({}), "hostNetwork": True}})
        for level in LEVELS:
            until(f"{level} in force", lambda level=level: _in_force(found.judge(level, bad)))  # type: ignore[misc]
        yield found


def _in_force(said: Judged) -> bool:
    return said.denied and bool(said.policies)


def _pod(container: Manifest) -> Manifest:
    return {"containers": [{"name": "app", "image": "app:1", **container}]}


def test_every_expression_has_the_right_types(server: Server) -> None:
    made = [policy(one, f"all-{one.name}") for one in admission(load())]
    assert sum(len(one["spec"]["validations"]) for one in made) > 40
    wrong = policy(admission(profile("baseline"))[0], "wrong")
    wrong["spec"]["variables"] = []
    wrong["spec"]["validations"] = [{"expression": "object.spec.nothingOfTheKind == 1"}]
    for one in (*made, wrong):
        server.api.create(POLICIES, one)
    warnings = {one["metadata"]["name"]: until("types", lambda one=one: _types(server, one)) for one in (*made, wrong)}  # type: ignore[misc]
    # The last one shows that somebody looks.
    assert "undefined field 'nothingOfTheKind'" in str(warnings.pop("wrong"))
    assert not any(one["said"] for one in warnings.values()), warnings


def _types(server: Server, made: Manifest) -> Manifest | None:
    """Return what the checker of types says of a policy, None while it has not looked."""
    item = server.api("GET", f"{POLICIES}/{made['metadata']['name']}").body
    status = item.get("status", {})
    looked = status.get("observedGeneration") == item["metadata"]["generation"]
    return {"said": status["typeChecking"]} if looked and status["typeChecking"] else {"said": {}} if looked else None


def test_the_three_agree_on_the_fixtures(server: Server) -> None:
    older: set[tuple[str, str]] = set()
    invalid: set[tuple[str, str]] = set()
    compared = 0
    for one in newest():
        for kind in KINDS:
            item = whole(kind, one.pod)
            pack, said = refusing(one.level, kind, item), server.judge(one.level, item)
            where = (str(one), kind, pack, said)
            if said.invalid:
                assert not one.passes, where
                assert kind != "StatefulSet", where
                invalid.add((one.level, one.name))
                continue
            assert said.policies == pack, where
            assert said.denied is bool(pack) is not one.passes, where
            if said.pod_security is not one.passes:
                older.add((one.level, one.name))
            compared += 1
    assert older == set(SERVER_IS_OLDER), "an unexplained difference, or one that is gone"
    assert invalid == set(INVALID), "an unexplained difference, or one that is gone"
    assert compared > 1200


def choice(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from(values)


def some(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[Manifest]:
    """Return maps with any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


PROFILES = choice("RuntimeDefault", "Unconfined", "").map(lambda kind: {"type": kind})
SELINUX = some(
    type=choice("container_t", "container_engine_t", "spc_t", ""), user=choice("", "u"), role=choice("", "r")
)
NAMES = st.lists(choice("ALL", "NET_RAW", "CHOWN", "NET_BIND_SERVICE", "all"), max_size=2)
SHARED = {
    "runAsNonRoot": choice(True, False, None),
    "runAsUser": choice(0, 1, None),
    "seccompProfile": PROFILES,
    "appArmorProfile": PROFILES,
    "seLinuxOptions": SELINUX,
    "windowsOptions": some(hostProcess=choice(True, False, None)),
}
CONTAINERS = some(
    securityContext=some(
        **SHARED,
        privileged=choice(True, False, None),
        allowPrivilegeEscalation=choice(True, False, None),
        capabilities=some(drop=NAMES, add=NAMES),
        procMount=choice("Default", None),
    ),
    ports=st.lists(some(hostPort=choice(0, 8080, None)).map(lambda port: {"containerPort": 8080, **port}), max_size=1),
)
SOURCES = choice(
    {}, {"emptyDir": {}}, {"emptyDir": None}, {"hostPath": {"path": "/"}}, {"nfs": {"server": "a", "path": "/"}}
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "securityContext": some(
            **SHARED, sysctls=st.lists(choice("net.ipv4.tcp_syncookies", "kernel.msgmax"), max_size=2)
        ),
        "hostNetwork": choice(True, False, None),
        "hostPID": choice(True, False, None),
        "hostIPC": choice(True, False, None),
        "os": choice({"name": "linux"}, {"name": "windows"}, None),
        "volumes": st.lists(SOURCES, max_size=2),
    },
)
ANNOTATIONS = some(
    **{"container.apparmor.security.beta.kubernetes.io/app0": choice("runtime/default", "localhost/a", "b", "")}
)


@st.composite
def pods(draw: st.DrawFn) -> Manifest:
    """Return pods of which many are valid, with some of what the standard is about in them."""
    spec = draw(SPECS)
    for number, name in enumerate(("containers", "initContainers")):
        made = draw(st.lists(CONTAINERS, min_size=1 - number, max_size=1))
        spec[name] = [{"name": f"app{number}", "image": "app:1", **container} for container in made]
    if isinstance(context := spec.get("securityContext"), dict) and "sysctls" in context:
        # The server wants each name once.
        context["sysctls"] = [{"name": name, "value": "1"} for name in sorted(set(context["sysctls"]))]
    if "volumes" in spec:
        spec["volumes"] = [{"name": f"v{number}", **source} for number, source in enumerate(spec["volumes"])]
    return {"metadata": {"name": "generated", "annotations": draw(ANNOTATIONS)}, "spec": spec}


ON_THE_NODE: Manifest = {
    "metadata": {"name": "generated"},
    "spec": {**_pod({"ports": [{"containerPort": 8080}]}), "hostNetwork": True},
}


def test_the_three_agree_on_generated_pods(server: Server) -> None:
    valid: list[bool] = []
    earlier: list[str] = []

    @example(ON_THE_NODE, "baseline", "Deployment")
    @settings(max_examples=600, suppress_health_check=list(HealthCheck))
    @given(pods(), st.sampled_from(LEVELS), st.sampled_from(KINDS))
    def agree(pod: Manifest, level: str, kind: str) -> None:
        item = whole(kind, pod)
        pack, said = refusing(level, kind, item), server.judge(level, item)
        if said.invalid:
            return
        if said.policies != pack:
            field, rule = EARLIER
            assert kind != "Pod"
            assert pod["spec"][field] is True
            assert pack - said.policies == {rule}
            earlier.append(kind)
        assert said.policies <= pack
        assert said.denied is bool(pack)
        assert said.pod_security is not bool(pack)
        valid.append(not pack)

    agree()
    assert valid.count(True) > 20
    assert valid.count(False) > 100
    assert earlier, "a difference is gone"


def test_a_container_that_is_added_to_a_running_pod_is_judged(server: Server) -> None:
    space = COLLECTIONS["Pod"].format("restricted-denied")
    safe = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    made = server.api.create(
        space, whole("Pod", {"metadata": {"name": "live"}, "spec": _pod({"securityContext": safe})})
    )
    unsafe = {**safe, "capabilities": {"drop": ["ALL"], "add": ["SYS_PTRACE"]}}
    for context, status in ((safe, http.client.OK), (unsafe, http.client.UNPROCESSABLE_ENTITY)):
        added = {"name": "debug", "image": "debug:1", "securityContext": context}
        changed = {**made, "spec": {**made["spec"], "ephemeralContainers": [added]}}
        answer = server.api("PUT", f"{space}/live/ephemeralcontainers?dryRun=All", changed)
        assert answer.status == status, answer
    assert "denied request: pod_capabilities" in answer.message
