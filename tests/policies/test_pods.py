"""What the API server fills in: the pod spec that the rules see."""

from __future__ import annotations

import pytest

from policies.plain import UNKNOWN, Plain
from policies.pods import ALL, defaulted


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({"name": "a"}, {"name": "a", "emptyDir": {}}),
        ({}, {"emptyDir": {}}),
        ({"name": "a", "nfs": None}, {"name": "a", "nfs": None, "emptyDir": {}}),
        ({"name": "a", "secret": {}}, {"name": "a", "secret": {}}),
        ({"name": "a", "other": UNKNOWN}, {"name": "a", "other": UNKNOWN}),
        (UNKNOWN, UNKNOWN),
        ("junk", "junk"),
    ],
)
def test_a_volume_without_a_source_is_an_empty_directory(volume: Plain, expected: Plain) -> None:
    assert defaulted({"volumes": [volume]}) == {"volumes": [expected]}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("shared", "port", "expected"),
    [
        (True, {"containerPort": 80}, 80),
        (True, {"containerPort": 80, "hostPort": 0}, 80),
        (True, {"containerPort": 80, "hostPort": None}, 80),
        (True, {"containerPort": 80, "hostPort": 8080}, 8080),
        (True, {"containerPort": UNKNOWN}, UNKNOWN),
        (True, {"containerPort": 80, "hostPort": UNKNOWN}, UNKNOWN),
        (UNKNOWN, {"containerPort": 80}, UNKNOWN),
        (UNKNOWN, {"containerPort": 80, "hostPort": 8080}, 8080),
        (False, {"containerPort": 80}, None),
        (None, {"containerPort": 80, "hostPort": 0}, 0),
    ],
)
def test_on_the_nodes_network_a_port_is_the_nodes(name: str, shared: Plain, port: Plain, expected: Plain) -> None:
    found = defaulted({"hostNetwork": shared, name: [{"ports": [port, "junk"]}, {"ports": UNKNOWN}, UNKNOWN]})
    assert isinstance(port, dict)
    filled = {**port, "hostPort": expected} if expected is not None else port
    assert found == {"hostNetwork": shared, name: [{"ports": [filled, "junk"]}, {"ports": UNKNOWN}, UNKNOWN]}


@pytest.mark.parametrize("spec", [None, UNKNOWN, "junk", [], {}, {"volumes": UNKNOWN}, {"hostNetwork": True}])
def test_nothing_else_is_touched(spec: Plain) -> None:
    assert defaulted(spec) == spec
