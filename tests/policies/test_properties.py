"""What holds for all properties, not only for those somebody thought of."""

from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.catalogue import Catalogue, load
from policies.evaluate import Failure, Outcome, evaluate_resource, evaluate_stack
from policies.plain import UNKNOWN, Plain
from policies.pods import ALL, WORKLOADS, pod_spec_path
from policies.report import text
from policies.rule import Provider, Resource, Rule
from policies.samples import workload

CATALOGUE = load()
ON_PODS = Catalogue(tuple(rule for rule in CATALOGUE.rules if rule.types == WORKLOADS))
"""The rules that look at the pods of every kind that has any."""
KINDS = [kind for kind, _ in WORKLOADS.kinds]
TOKENS = sorted(
    {one.type for rule in CATALOGUE.rules if isinstance(rule, Rule) for one in (*rule.passing, *rule.failing)}
)
STACK = (
    "kubernetes:core/v1:Namespace",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "kubernetes:core/v1:NamespaceList",
)

# Keys that rules look for, so that junk gets past the first level.
KEYS = [
    "spec",
    "template",
    "jobTemplate",
    "metadata",
    "labels",
    "name",
    "namespace",
    "containers",
    "initContainers",
    "ephemeralContainers",
    "image",
    "resources",
    "requests",
    "limits",
    "cpu",
    "memory",
    "rules",
    "verbs",
    "apiGroups",
    "roleRef",
    "kind",
    "subjects",
    "items",
    "podSelector",
    "matchLabels",
    "policyTypes",
    "ingress",
    "egress",
    "from",
    "to",
    "ports",
    "ipBlock",
    "cidr",
    "except",
    "namespaceSelector",
    "pod-security.kubernetes.io/enforce",
    "securityContext",
    "seccompProfile",
    "capabilities",
    "add",
    "volumes",
    "annotations",
    "container.apparmor.security.beta.kubernetes.io/app",
]
WORDS = ["*", "latest", "app:latest", "restricted", "Ingress", "Egress", "cluster-admin", "0.0.0.0/0", "0", ""]
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS) | st.just(UNKNOWN)


def _nested(inner: st.SearchStrategy[Plain]) -> st.SearchStrategy[Plain]:
    keys = st.sampled_from(KEYS) | st.text(max_size=5)
    return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6)


junk = st.recursive(leaves, _nested, max_leaves=30)
properties = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), junk, max_size=6)

image: st.SearchStrategy[Plain] = st.sampled_from(
    ["app", "app:1", "app:latest", "host:5000/app", f"app@sha256:{'a' * 64}", UNKNOWN, None]
)
amount: st.SearchStrategy[Plain] = st.sampled_from(["1", "0", "50m", 0, 2, UNKNOWN, None])
amounts: st.SearchStrategy[Plain] = st.dictionaries(st.sampled_from(["cpu", "memory"]), amount) | st.just(UNKNOWN)
flag: st.SearchStrategy[Plain] = st.sampled_from([True, False, None, UNKNOWN])
typed: st.SearchStrategy[Plain] = st.sampled_from(
    [{"type": "RuntimeDefault"}, {"type": "Unconfined"}, {}, None, UNKNOWN]
)
both: dict[str, st.SearchStrategy[Plain]] = {"runAsNonRoot": flag, "seccompProfile": typed, "appArmorProfile": typed}
context: st.SearchStrategy[Plain] = st.fixed_dictionaries(
    {}, optional={**both, "privileged": flag, "allowPrivilegeEscalation": flag}
)
ports: st.SearchStrategy[Plain] = st.lists(
    st.fixed_dictionaries({"containerPort": st.just(80)}, optional={"hostPort": st.sampled_from([0, 80, UNKNOWN])})
)
volume: st.SearchStrategy[Plain] = st.sampled_from([{"name": "a"}, {"hostPath": {}}, {"secret": UNKNOWN}, UNKNOWN])
container: st.SearchStrategy[Plain] = st.fixed_dictionaries(
    {"name": st.just("app")},
    optional={
        "image": image,
        "securityContext": context,
        "ports": ports,
        "resources": st.fixed_dictionaries({}, optional={"requests": amounts, "limits": amounts}),
    },
)
pod_spec = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.lists(container, max_size=3) for name in ALL},
        "securityContext": st.fixed_dictionaries({}, optional=both),
        "hostNetwork": flag,
        "hostUsers": flag,
        "volumes": st.lists(volume, max_size=2),
    },
)


def _of(outcomes: list[Outcome], kind: str) -> list[tuple[str, object, str]]:
    """Outcomes with the part of the path that the kind is responsible for taken off."""
    prefix = ".".join(pod_spec_path(kind))
    found: list[tuple[str, object, str]] = []
    for outcome in outcomes:
        assert not isinstance(outcome.finding, Failure)
        assert outcome.finding.path.startswith(prefix)
        found.append((outcome.rule.id, type(outcome.finding), outcome.finding.path.removeprefix(prefix)))
    return found


@given(pod_spec)
def test_a_pod_template_gets_the_same_verdict_in_every_kind(spec: Plain) -> None:
    verdicts = [_of(list(evaluate_resource(ON_PODS, workload(kind, spec))), kind) for kind in KINDS]
    assert len(verdicts) == 9
    assert all(verdict == verdicts[0] for verdict in verdicts)


@given(pod_spec, st.sampled_from(KINDS))
def test_a_list_of_one_gets_the_verdict_of_the_one(spec: Plain, kind: str) -> None:
    single = workload(kind, spec)
    listed = Resource(f"{single.type}List", single.name, {"items": [single.props]})
    assert _of(list(evaluate_resource(ON_PODS, single)), kind) == _of(list(evaluate_resource(ON_PODS, listed)), kind)


@given(pod_spec, st.sampled_from(KINDS))
def test_a_patch_is_never_judged_more_strictly(spec: Plain, kind: str) -> None:
    whole = workload(kind, spec)
    patch = Resource(f"{whole.type}Patch", whole.name, whole.props)
    strict = set(_of(list(evaluate_resource(ON_PODS, whole)), kind))
    assert set(_of(list(evaluate_resource(ON_PODS, patch)), kind)) <= strict


@settings(max_examples=400)
@given(properties, st.sampled_from(TOKENS))
def test_junk_never_fails_a_resource_rule(props: dict[str, Plain], token: str) -> None:
    resource = Resource(token, "thing", props, provider=Provider("pulumi:providers:kubernetes", "cluster"))
    assert not [found for found in evaluate_resource(CATALOGUE, resource) if isinstance(found.finding, Failure)]


@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(STACK), properties), max_size=4))
def test_junk_never_fails_a_stack_rule(found: list[tuple[str, dict[str, Plain]]]) -> None:
    resources = [Resource(token, "thing", props) for token, props in found]
    assert not [one for one in evaluate_stack(CATALOGUE, resources) if isinstance(one.finding, Failure)]


def _canaries(value: Plain) -> Plain:
    """Put a secret before every text of a sample, so that all of them are values nobody may read."""
    if isinstance(value, dict):
        return {key: _canaries(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_canaries(inner) for inner in value]
    return f"canary-{value}" if isinstance(value, str) else value


@given(properties, st.sampled_from(TOKENS), st.text(string.ascii_lowercase, min_size=12, max_size=12))
def test_no_message_holds_a_value(props: dict[str, Plain], token: str, word: str) -> None:
    def plant(value: Plain) -> Plain:
        if isinstance(value, dict):
            return {key: plant(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [plant(inner) for inner in value]
        return f"{word}:latest" if value is None else value

    planted = plant(props)
    assert isinstance(planted, dict)
    for outcome in evaluate_resource(CATALOGUE, Resource(token, "thing", planted)):
        assert word not in text(outcome)


def test_no_message_repeats_a_text_of_a_sample() -> None:
    spoken = 0
    for rule in CATALOGUE.rules:
        for sample in rule.failing if isinstance(rule, Rule) else ():
            props = _canaries(sample.props)
            assert isinstance(props, dict)
            for outcome in evaluate_resource(CATALOGUE, Resource(sample.type, sample.name, props)):
                spoken += 1
                assert "canary-" not in text(outcome)
    assert spoken > 20
