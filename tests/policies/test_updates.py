"""What an update does with rules that can't tell, and who decides what a finding does; over gRPC, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policies import pack
from policies.analyzer import Analyzer
from policies.catalogue import Catalogue, load
from policies.enforcement import Enforce, Enforcement, Level, Remark, Stack, Verdict, everything
from policies.evaluate import Outcome
from policies.wire import DEEPEST

POD = "kubernetes:core/v1:Pod"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
NAMESPACE = "kubernetes:core/v1:Namespace"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
RESOURCES = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}}
GOOD, BAD = "app:1", "app:latest"
SOON = "image_pinned on web, spec.containers[0].image is not yet known; checked again at the end of the update"
NEVER = "image_pinned on web, spec.containers[0].image is not known, not even after the update"


def pod(image: object, **more: object) -> dict[str, object]:
    return {"spec": {"containers": [{"name": "web", "image": image, "resources": RESOURCES, **more}]}}


def _struct(props: Mapping[str, object]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(props)
    return struct


def _said(response: analyzer_pb2.AnalyzeResponse) -> list[tuple[str, str]]:
    """Return level and message, which begins with the rule's title."""
    names = analyzer_pb2.EnforcementLevel.Name
    return [
        (names(one.enforcementLevel), one.message.partition("\n")[2] or one.message) for one in response.diagnostics
    ]


@dataclass(frozen=True)
class Pack:
    """A pack in an update, unless told otherwise."""

    stub: analyzer_pb2_grpc.AnalyzerStub
    channel: grpc.Channel

    def stack(self, *, preview: bool = False, name: str = "dev.workspaces") -> None:
        request = analyzer_pb2.AnalyzerStackConfigureRequest(stack=name, project="idp", dry_run=preview)
        self.stub.ConfigureStack(request, timeout=20)

    def analyze(self, props: Mapping[str, object], token: str = POD, name: str = "web") -> list[tuple[str, str]]:
        request = analyzer_pb2.AnalyzeRequest(type=token, name=name, urn=f"urn:{name}", properties=_struct(props))
        return _said(self.stub.Analyze(request, timeout=20))

    def analyze_stack(self, *made: tuple[str, str, Mapping[str, object]]) -> list[tuple[str, str]]:
        resources = [
            analyzer_pb2.AnalyzerResource(type=token, name=name, urn=f"urn:{name}", properties=_struct(props))
            for token, name, props in made
        ]
        return _said(self.stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources), timeout=20))

    def raw(self, method: str, sent: bytes) -> bytes:
        answer: bytes = self.channel.unary_unary(f"/{pack.SERVICE}/{method}")(sent, timeout=20)
        return answer


@contextmanager
def serving(catalogue: Catalogue, enforce: Enforce = everything) -> Iterator[Pack]:
    server, port = pack.start(Analyzer(catalogue, enforce))
    limits = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=limits) as channel:
            running = Pack(analyzer_pb2_grpc.AnalyzerStub(channel), channel)
            running.stack()
            yield running
    finally:
        server.stop(None).wait()


@pytest.fixture
def catalogue() -> Catalogue:
    """Return few rules: what is done with their findings is the same whatever their number."""
    few = {"container_resources", "image_pinned", "namespace_default_deny", "namespace_pod_security", "rbac_wildcard"}
    return Catalogue(tuple(rule for rule in load().rules if rule.id in few))


@pytest.fixture
def update(catalogue: Catalogue) -> Iterator[Pack]:
    with serving(catalogue) as running:
        yield running


def strict(_stack: Stack) -> Enforcement:
    return Enforcement(strict=True)


def test_what_turned_out_well_is_never_spoken_of_again(update: Pack) -> None:
    assert update.analyze(pod(UNKNOWN)) == [("ADVISORY", SOON)]
    assert update.analyze_stack((POD, "web", pod(GOOD))) == []


def test_what_turned_out_badly_is_a_violation_at_the_end(update: Pack) -> None:
    update.analyze(pod(UNKNOWN))
    ((level, message),) = update.analyze_stack((POD, "web", pod(BAD)))
    assert level == "MANDATORY"
    assert message.startswith("image_pinned (medium) on web, spec.containers[0].image: has the tag `latest`")


@pytest.mark.parametrize(("enforce", "level"), [(everything, "ADVISORY"), (strict, "MANDATORY")])
@pytest.mark.parametrize("made", [pod(UNKNOWN), {"spec": {}}, {}], ids=["still", "without", "nothing"])
def test_what_is_never_known_fails_where_it_is_strict(
    catalogue: Catalogue, enforce: Enforce, level: str, made: Mapping[str, object]
) -> None:
    with serving(catalogue, enforce) as update:
        assert update.analyze(pod(UNKNOWN)) == [("ADVISORY", SOON)]
        assert update.analyze_stack((POD, "web", made)) == [(level, NEVER)]


@pytest.mark.parametrize("enforce", [everything, strict])
def test_a_preview_may_know_nothing(catalogue: Catalogue, enforce: Enforce) -> None:
    with serving(catalogue, enforce) as update:
        update.stack(preview=True)
        ((level, message),) = update.analyze(pod(UNKNOWN))
        assert (level, message.rpartition("; ")[2]) == ("ADVISORY", "checked again on the update")
        assert update.analyze_stack((POD, "web", pod(UNKNOWN))) == []
        ((level, message),) = update.analyze_stack((NAMESPACE, "team", {"metadata": {"name": UNKNOWN}}))
        assert (level, message.rpartition("; ")[2]) == ("ADVISORY", "checked again on the update")


def test_a_stack_rule_that_can_not_tell_after_the_update_fails_where_it_is_strict(catalogue: Catalogue) -> None:
    for enforce, level in ((everything, "ADVISORY"), (strict, "MANDATORY")):
        with serving(catalogue, enforce) as update:
            ((found, _),) = update.analyze_stack((NAMESPACE, "team", {"metadata": {"name": UNKNOWN}}))
            assert found == level


def test_only_what_was_open_is_judged_again(update: Pack) -> None:
    before = update.analyze(pod(UNKNOWN, resources={}))
    assert {level for level, _ in before} == {"ADVISORY", "MANDATORY"}
    assert update.analyze_stack((POD, "web", pod(GOOD, resources={}))) == []


def test_what_is_known_stays_as_it_was_wanted(update: Pack) -> None:
    """A server may add containers of its own, and outputs need not repeat what was asked for."""
    update.analyze(pod(UNKNOWN))
    assert update.analyze_stack((POD, "web", {"spec": {"containers": [{"image": GOOD}]}})) == []


def test_a_resource_that_is_judged_twice_counts_as_it_was_last(update: Pack) -> None:
    update.analyze(pod(UNKNOWN))
    assert update.analyze(pod(GOOD)) == []
    assert update.analyze_stack((POD, "web", pod(UNKNOWN))) == []


def test_the_stack_is_named_to_whoever_decides(catalogue: Catalogue) -> None:
    asked: list[Stack] = []

    def enforce(stack: Stack) -> Enforcement:
        asked.append(stack)
        return Enforcement()

    with serving(catalogue, enforce) as update:
        update.stack(preview=True, name="prod.platform")
    assert asked == [Stack("dev.workspaces", "idp", preview=False), Stack("prod.platform", "idp", preview=True)]


@pytest.mark.parametrize(("level", "told"), [(Level.MANDATORY, 2), (Level.ADVISORY, 2), (None, 1)])
def test_a_level_is_decided_for_each_rule_and_resource(catalogue: Catalogue, level: Level | None, told: int) -> None:
    def decide(outcome: Outcome, _final: bool) -> Verdict | None:
        assert outcome.resource is not None
        meant = (outcome.rule.id, outcome.resource.urn) == ("image_pinned", "urn:web")
        decided = level if meant else Level.MANDATORY
        return Verdict(decided, "\n  Because: of that") if decided else None

    with serving(catalogue, lambda _stack: Enforcement(decide)) as update:
        said = update.analyze(pod(BAD, resources={}))
        levels = {message.partition(" ")[0]: level for level, message in said}
        assert levels.get("image_pinned") == (level.name if level else None)
        assert all(message.endswith("\n  Because: of that") for _, message in said)
        assert levels["container_resources"] == "MANDATORY"
        assert len(levels) == told
        assert [found for found, _ in update.analyze(pod(BAD), name="other")] == ["MANDATORY"]
        # Suppressed is suppressed, whatever the finding; an advisory rule is never strict.
        assert len(update.analyze(pod(UNKNOWN))) == told - 1


def test_remarks_are_told_at_the_end(catalogue: Catalogue) -> None:
    remarks = (Remark("an exemption matches nothing"), Remark("an exemption has expired", Level.MANDATORY))
    with serving(catalogue, lambda _stack: Enforcement(closing=lambda: remarks)) as update:
        assert update.analyze(pod(GOOD)) == []
        assert update.analyze_stack() == [
            ("ADVISORY", "an exemption matches nothing"),
            ("MANDATORY", "an exemption has expired"),
        ]


def test_remarks_at_the_beginning_are_told_once_and_before_anything_is_made(catalogue: Catalogue) -> None:
    opening = (Remark("an exemption has expired", Level.MANDATORY),)
    with serving(catalogue, lambda _stack: Enforcement(opening=lambda: opening)) as update:
        assert update.analyze({}, "pulumi:pulumi:Stack") == [("MANDATORY", "an exemption has expired")]
        assert update.analyze(pod(GOOD)) == update.analyze_stack() == []
        update.stack()
        assert update.analyze_stack() == [("MANDATORY", "an exemption has expired")]


def test_a_stack_that_can_not_be_enforced_ends_the_command_with_the_reason(catalogue: Catalogue) -> None:
    def enforce(stack: Stack) -> Enforcement:
        if stack.name == "odd":
            raise ValueError("environments/odd.yaml: exemptions[0].expiry: is missing")
        return Enforcement()

    with serving(catalogue, enforce) as update:
        with pytest.raises(grpc.RpcError) as raised:
            update.stack(name="odd")
        assert raised.value.details() == "environments/odd.yaml: exemptions[0].expiry: is missing"
        assert update.analyze(pod(GOOD)) == []


def _configured(update: Pack, levels: Mapping[str, analyzer_pb2.EnforcementLevel.ValueType]) -> None:
    config = {name: analyzer_pb2.PolicyConfig(enforcementLevel=level) for name, level in levels.items()}
    update.stub.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=config), timeout=20)


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (analyzer_pb2.ADVISORY, ["ADVISORY"]),
        (analyzer_pb2.MANDATORY, ["MANDATORY"]),
        (analyzer_pb2.REMEDIATE, ["MANDATORY"]),
        (analyzer_pb2.DISABLED, []),
    ],
)
def test_a_command_can_lower_a_rule(
    update: Pack, level: analyzer_pb2.EnforcementLevel.ValueType, told: Sequence[str]
) -> None:
    _configured(update, {"image_pinned": level, "all": level})
    assert [found for found, _ in update.analyze(pod(BAD))] == told
    assert {found for found, _ in update.analyze(pod(GOOD, resources={}))} == {"MANDATORY"}


def test_a_command_can_not_raise_what_was_decided(catalogue: Catalogue) -> None:
    with serving(
        catalogue, lambda _stack: Enforcement(lambda _outcome, _final: Verdict(Level.ADVISORY), strict=True)
    ) as update:
        _configured(update, {"image_pinned": analyzer_pb2.MANDATORY})
        assert [found for found, _ in update.analyze(pod(BAD))] == ["ADVISORY"]


def test_a_configuration_of_a_rule_that_is_not_there_is_refused(update: Pack) -> None:
    with pytest.raises(grpc.RpcError, match=r"policy 'image_pined' is not known; allowed: .*image_pinned"):
        _configured(update, {"image_pined": analyzer_pb2.DISABLED})
    assert len(update.analyze(pod(BAD))) == 1


def test_every_other_question_is_answered(update: Pack) -> None:
    empty = empty_pb2.Empty()
    assert update.stub.Cancel(empty, timeout=20) == empty
    assert update.stub.GetPluginInfo(empty, timeout=20).version == ""
    update.stub.Handshake(analyzer_pb2.AnalyzerHandshakeRequest(engine_address="127.0.0.1:1"), timeout=20)
    remedied = update.stub.Remediate(analyzer_pb2.AnalyzeRequest(type=POD, properties=_struct(pod(BAD))), timeout=20)
    assert remedied == analyzer_pb2.RemediateResponse()
    with pytest.raises(grpc.RpcError) as raised:
        update.raw("MadeUp", b"")
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_property_of_no_known_kind_refuses_and_quotes_nothing(update: Pack) -> None:
    odd = {"4dabf18193072939515e22adb298388d": "canary", "value": "canary"}
    why = "a property is of a kind that is not known; allowed are those of Pulumi's wire format"
    assert update.analyze(pod(odd)) == [("MANDATORY", f"no rule could be evaluated on web: {why}")]
    told = [("MANDATORY", f"no rule could be evaluated on team: {why}")]
    assert update.analyze_stack((NAMESPACE, "team", {"metadata": odd})) == told


@pytest.mark.parametrize("method", ["Analyze", "AnalyzeStack", "Configure", "ConfigureStack"])
def test_a_message_that_can_not_be_read_does_not_end_the_pack(update: Pack, method: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        update.raw(method, b"\xff\xff\xff")
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert len(update.analyze(pod(BAD))) == 1


def nested(levels: int) -> struct_pb2.Struct:
    """Return an object in an object in an object; `Struct.update` would end at Python's own limit."""
    outer = struct_pb2.Struct()
    inner = outer
    for _ in range(levels):
        inner = inner.fields["a"].struct_value
    inner.fields["image"].string_value = "canary"
    return outer


def test_properties_that_are_nested_too_deep_refuse(update: Pack) -> None:
    def analyze(levels: int) -> list[tuple[str, str]]:
        request = analyzer_pb2.AnalyzeRequest(type=POD, name="web", properties=nested(levels))
        return _said(update.stub.Analyze(request, timeout=20))

    assert analyze(DEEPEST) == []
    why = f"properties are nested too deep; allowed are {DEEPEST} levels"
    assert analyze(1000) == [("MANDATORY", f"no rule could be evaluated on web: {why}")]
    assert analyze(DEEPEST) == []


def test_a_large_resource_is_judged(update: Pack) -> None:
    files = {f"file-{number}": "x" * 100_000 for number in range(200)}
    assert len(update.analyze({**pod(BAD), "data": files})) == 1


def test_requests_at_the_same_time_get_their_own_answers(update: Pack) -> None:
    asked = [(pod(BAD if number % 3 else GOOD), f"web-{number}") for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: update.analyze(one[0], name=one[1]), asked))
    for number, answer in enumerate(answers):
        assert len(answer) == (1 if number % 3 else 0)
        assert all(f"on web-{number}," in message for _, message in answer)
