"""The bare program declares what the layer's state holds, under other names."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from benchmarks.bare_kubernetes import PREFIX, source
from idp.errors import IdpError
from tests.benchmarks.recorder import Recorder

PROVIDER = {"urn": "u::cluster", "custom": True, "type": "pulumi:providers:kubernetes", "inputs": {"kubeconfig": "/k"}}
COMPONENT = {"urn": "u::part", "type": "idp:index:Part"}


def found(token: str, name: str, dependencies: tuple[str, ...] = (), **inputs: object) -> dict[str, Any]:
    given = {"apiVersion": "v1", "kind": "K", **inputs}
    return {"urn": f"u::{token}::{name}", "custom": True, "type": token, "inputs": given, "dependencies": dependencies}


NAMESPACE = found("kubernetes:core/v1:Namespace", "a", metadata={"name": "a", "labels": {"of": "a", "x": "y"}})
ROLE = found(
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "a",
    (NAMESPACE["urn"], "u::elsewhere"),
    metadata={"name": "b", "namespace": "a"},
    roleRef={"name": "b", "kind": "Role", "apiGroup": "g"},
    subjects=[],
)


def declared(text: str) -> dict[object, dict[str, Any]]:
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="bare", stack="test")

    def program() -> None:
        exec(compile(text, "bare", "exec"), {})  # noqa: S102 - our own text

    # The decorator drains every registration before it returns.
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # the SDK has no types there
    return {args.typ: args.inputs for args in recorder.made}


def test_the_program_declares_the_objects_and_nothing_else() -> None:
    made = declared(source([PROVIDER, COMPONENT, NAMESPACE, ROLE]))
    assert set(made) == {PROVIDER["type"], NAMESPACE["type"], ROLE["type"]}
    assert made[PROVIDER["type"]]["kubeconfig"] == "/k"
    assert made[NAMESPACE["type"]]["metadata"] == {"name": f"{PREFIX}a", "labels": {"of": f"{PREFIX}a", "x": "y"}}
    assert made[ROLE["type"]]["metadata"] == {"name": "b", "namespace": f"{PREFIX}a"}
    assert made[ROLE["type"]]["roleRef"] == {"name": "b", "kind": "Role", "apiGroup": "g"}


def test_it_waits_for_what_the_layer_waits_for() -> None:
    lines = source([PROVIDER, NAMESPACE, ROLE]).splitlines()
    assert lines[-2].endswith("depends_on=[]))")
    assert lines[-1].endswith("depends_on=[r0]))")


@pytest.mark.parametrize("token", ["aws:s3/bucket:Bucket", "kubernetes:no.such.group/v1:X"])
def test_a_resource_it_cannot_declare_is_named(token: str) -> None:
    with pytest.raises(IdpError, match=token):
        source([PROVIDER, found(token, "x", metadata={"name": "x"})])
