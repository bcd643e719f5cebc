"""The layers' names and order."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import environments
from stacks import layers, outputs
from stacks.layers import FOUNDATION, LAYERS

ROOT = Path(__file__).resolve().parents[2]


def test_a_layer_reads_only_layers_before_it() -> None:
    seen: set[str] = set()
    for layer, below in LAYERS.items():
        assert seen.issuperset(below)
        seen.add(layer)


def test_the_project_is_that_of_pulumi_yaml() -> None:
    assert yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"] == layers.PROJECT


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_has_a_program_of_its_own_with_typed_outputs(layer: str) -> None:
    program = importlib.import_module(f"stacks.{layer}")
    assert callable(program.build)
    kinds = {kind.LAYER: kind for kind in outputs.Outputs.__subclasses__()}
    assert is_dataclass(kinds[layer])
    assert program.build.__annotations__["return"] == kinds[layer].__name__
    assert len((ROOT / f"stacks/{layer}.py").read_text().splitlines()) < 150


@pytest.mark.parametrize("name", environments.names())
@pytest.mark.parametrize("founded", [True, False])
def test_an_environment_has_all_layers_but_for_a_foundation_that_it_does_without(name: str, founded: bool) -> None:
    environment = environments.load(name)
    if founded:
        graph = layers.of(environment)
        assert list(graph) == list(LAYERS)
        # The emulator has no nodes: what is in the cluster of `local` has nothing from it.
        apart = {"platform": ()} if name == "local" else {}
        assert graph == {**LAYERS, **apart}
        return
    graph = layers.of(environment.model_copy(update={"foundation": None}))
    assert list(graph) == [layer for layer in LAYERS if layer != FOUNDATION]
    # Closed: nobody waits for a layer that never comes; and no other dependency is lost.
    assert {layer: set(below) for layer, below in graph.items()} == {
        layer: set(below) - {FOUNDATION} for layer, below in LAYERS.items() if layer != FOUNDATION
    }


def test_the_foundation_is_the_lowest_and_the_platform_reads_from_it() -> None:
    assert LAYERS[FOUNDATION] == ()
    assert FOUNDATION in LAYERS["platform"]


@given(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), st.sampled_from(sorted(LAYERS)))
def test_split_takes_a_stack_s_name_apart(environment: str, layer: str) -> None:
    assert layers.split(f"{environment}.{layer}") == (environment, layer)


@given(st.text())
def test_any_other_name_is_refused_with_what_is_allowed(name: str) -> None:
    environment, _, layer = name.partition(".")
    if environment and layer in LAYERS:
        return
    with pytest.raises(layers.UnknownLayer, match="is not allowed: "):
        layers.split(name)


@pytest.mark.parametrize(
    "name", ["", ".", "local", "local.", ".platform", "local.platfrom", "local.platform.x", "PLATFORM"]
)
def test_wrong_names(name: str) -> None:
    with pytest.raises(layers.UnknownLayer):
        layers.split(name)


def test_layers_is_importable_without_pulumi() -> None:
    program = "import sys, stacks.layers; print('pulumi' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "False"
