"""A replay asks what was asked, about what it made itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.replay import Replay

Call = Mapping[str, Any]


class Service:
    """Answers with ids of its own, and knows no other."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def create_vpc(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401
        self.asked.append(("create_vpc", request))
        return {"Vpc": {"VpcId": "vpc-of-today", "State": "available"}, "Arns": ["arn:aws:ec2:::vpc-of-today"]}

    def put_policy(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401
        self.asked.append(("put_policy", request))
        return {}

    def refuse(self, **_request: Any) -> dict[str, Any]:  # noqa: ANN401
        raise ClientError({"Error": {"Code": "No", "Message": "no"}}, "Refuse")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    found = Service()
    monkeypatch.setattr(Replay, "_client", lambda _self, _service, _region: found)
    return found


def call(operation: str, request: Mapping[str, Any], answer: object) -> Call:
    return {"service": "ec2", "region": "r", "operation": operation, "request": request, "answer": answer}


VPC = call(
    "create_vpc",
    {"CidrBlock": "10.0.0.0/16"},
    {"Vpc": {"VpcId": "vpc-of-then", "State": "pending"}, "Arns": ["arn:aws:ec2:::vpc-of-then"]},
)


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("vpc-of-then", "vpc-of-today"),
        ("arn:aws:ec2:::vpc-of-then", "arn:aws:ec2:::vpc-of-today"),
        ('{"Resource": "arn:aws:ec2:::vpc-of-then/*"}', '{"Resource": "arn:aws:ec2:::vpc-of-today/*"}'),
        ({"Ids": [["vpc-of-then"], 3, None]}, {"Ids": [["vpc-of-today"], 3, None]}),
        ("10.0.0.0/16", "10.0.0.0/16"),
    ],
)
def test_what_was_made_then_is_what_is_made_now(service: Service, then: object, now: object) -> None:
    replay = Replay("http://127.0.0.1:1")
    replay.send(VPC)
    replay.send(call("put_policy", {"Given": then}, {}))
    assert service.asked == [("create_vpc", {"CidrBlock": "10.0.0.0/16"}), ("put_policy", {"Given": now})]


@pytest.mark.usefixtures("service")
def test_only_what_failed_then_may_fail_now() -> None:
    replay = Replay("http://127.0.0.1:1")
    replay.send(call("refuse", {}, None))
    with pytest.raises(ClientError):
        replay.send(call("refuse", {}, {}))
