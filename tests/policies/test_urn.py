from __future__ import annotations

import pytest

from policies.urn import Urn, of_stack, parsed, root

STACK = "urn:pulumi:dev.platform::idp::pulumi:pulumi:Stack::idp-dev.platform"


def test_a_urn_is_taken_apart() -> None:
    urn = "urn:pulumi:dev.platform::idp::idp:index:A$kubernetes:core/v1:Pod::a::b"
    assert parsed(urn) == Urn("dev.platform", "idp", "idp:index:A$kubernetes:core/v1:Pod", "a::b")
    assert root(urn) == root(STACK) == of_stack("dev.platform", "idp") == STACK


@pytest.mark.parametrize("text", ["", "urn:thing", "dev.platform::idp::a::b", "urn:pulumi:dev::idp::a"])
def test_what_is_no_urn_is_none(text: str) -> None:
    assert parsed(text) is None
    assert root(text) == ""


@pytest.mark.parametrize(("stack", "layer"), [("dev.platform", "platform"), ("dev", ""), ("a.b.c", "b.c")])
def test_the_layer_is_behind_the_first_dot(stack: str, layer: str) -> None:
    assert Urn(stack, "p", "t", "n").layer == layer
