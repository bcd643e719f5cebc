"""One field manager for each stack, on every object of it and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import ConfigMap, ConfigMapPatch
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs, ObjectMetaPatchArgs

import environments
from stacks import field_manager
from stacks.field_manager import ANNOTATION
from stacks.layers import LAYERS, PLATFORM, WORKSPACES

Program = Callable[..., Any]


@pytest.mark.parametrize("stack", [f"{name}.{layer}" for name in environments.names() for layer in LAYERS])
def test_every_object_of_a_stack_has_the_stacks_own(run_stack: Program, stack: str) -> None:
    run = run_stack(stack)
    assert bool(run.objects) is stack.endswith((f".{PLATFORM}", f".{WORKSPACES}"))
    elsewhere = [*run.cloud, *run.inside_vault]
    assert not [args.name for args in elsewhere if ANNOTATION in str(args.inputs)]
    for args in run.objects:
        assert args.inputs["metadata"]["annotations"][ANNOTATION] == f"idp-{stack}", args.name


def declared(run_program: Program, metadata: object, kind: Callable[..., object] = ConfigMap) -> dict[str, Any]:
    def program() -> None:
        field_manager.fix()
        kind("one", metadata=metadata)

    [args] = run_program("dev.platform", program).objects
    found: dict[str, Any] = args.inputs.get("metadata", {})
    return found


@pytest.mark.parametrize(
    "metadata",
    [
        ObjectMetaArgs(name="a", namespace="n", annotations={"k": "v"}, labels={"l": "w"}),
        {"name": "a", "namespace": "n", "annotations": {"k": "v"}, "labels": {"l": "w"}},
        ObjectMetaArgs(name="a", namespace="n", annotations=pulumi.Output.from_input({"k": "v"}), labels={"l": "w"}),
    ],
    ids=["typed", "mapping", "output"],
)
def test_what_is_there_stays(run_program: Program, metadata: object) -> None:
    annotations = {"k": "v", ANNOTATION: "idp-dev.platform"}
    expected = {"name": "a", "namespace": "n", "annotations": annotations, "labels": {"l": "w"}}
    assert declared(run_program, metadata) == expected


@pytest.mark.parametrize("metadata", [None, {}, ObjectMetaArgs(), {"annotations": None}])
def test_where_nothing_is_there_only_the_annotation_is_added(run_program: Program, metadata: object) -> None:
    assert declared(run_program, metadata) == {"annotations": {ANNOTATION: "idp-dev.platform"}}


def test_a_patch_keeps_the_name_of_who_made_it(run_program: Program) -> None:
    metadata = ObjectMetaPatchArgs(name="a", annotations={"k": "v"})
    assert declared(run_program, metadata, ConfigMapPatch) == {"name": "a", "annotations": {"k": "v"}}


@pytest.mark.parametrize("metadata", [[], "a", 3])
def test_what_is_no_metadata_is_refused(run_program: Program, metadata: object) -> None:
    with pytest.raises(TypeError, match=r"metadata: \w+ is not allowed"):
        declared(run_program, metadata)
