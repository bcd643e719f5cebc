"""Configurations of GitLab runners are found wherever an object carries one."""

from __future__ import annotations

import base64

import pytest

from policies.kinds import NAMESPACED
from policies.plain import UNKNOWN, Plain
from policies.pods import WORKLOADS
from policies.rule import NotYetKnown, Resource
from policies.runners import GOOD, Text, runners, texts


def _found(kind: str, **props: Plain) -> list[Text | NotYetKnown]:
    return list(texts(Resource(f"kubernetes:core/v1:{kind}", "runner", props, kind=kind)))


def test_a_secret_is_decoded_where_the_api_wants_it_encoded() -> None:
    encoded = base64.b64encode(GOOD.encode()).decode()
    assert _found("Secret", data={"config.toml": encoded}) == [Text(GOOD, 'data["config.toml"]')]
    assert _found("Secret", stringData={"config.toml": GOOD}) == [Text(GOOD, 'stringData["config.toml"]')]
    assert _found("ConfigMap", data={"config.toml": GOOD}) == [Text(GOOD, 'data["config.toml"]')]


@pytest.mark.parametrize("broken", ["not base64!", "/w==", "[runners"])
def test_what_can_not_be_decoded_is_judged_as_it_stands(broken: str) -> None:
    (found,) = _found("Secret", data={"config.toml": broken})
    assert isinstance(found, Text)
    assert runners(found.content) is None


def test_what_is_not_known_is_said() -> None:
    assert _found("Secret", data=UNKNOWN, stringData={"config.toml": UNKNOWN}) == [
        NotYetKnown("data"),
        NotYetKnown('stringData["config.toml"]'),
    ]


@pytest.mark.parametrize("data", [None, {}, [], {"other.toml": GOOD}, {"config.toml": 1}])
def test_what_carries_none_is_let_be(data: Plain) -> None:
    assert _found("ConfigMap", data=data) == []


@pytest.mark.parametrize("content", ["", "a = 1", "runners = 1", "[runners]\na = 1"])
def test_another_program_s_configuration_has_no_runners(content: str) -> None:
    assert runners(content) == []


def test_everything_that_carries_pods_is_in_a_namespace() -> None:
    assert set(WORKLOADS.kinds) <= set(NAMESPACED.kinds)
