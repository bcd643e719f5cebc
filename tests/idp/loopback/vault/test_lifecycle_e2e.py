"""Each resource type from its creation to its second deletion, through gRPC and against a real server."""

from __future__ import annotations

import pytest

from idp.loopback.provider.compare import normal
from idp.loopback.vault.tables import ROWS

from .cases import CASES, Case
from .conftest import World
from .engine import Engine, Resource

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def _id(case: Case) -> str:
    return case.token.split(":", 1)[-1].replace("/", "-").rsplit(":", 1)[0]


ALL = pytest.mark.parametrize("case", CASES, ids=_id)
UPDATES = [pytest.param(case, name, id=f"{_id(case)}-{name}") for case in CASES for name in case.updates]
REPLACES = [pytest.param(case, name, id=f"{_id(case)}-{name}") for case in CASES for name in case.replaces]
DRIFTS = [pytest.param(case, id=_id(case)) for case in CASES if case.drift]


def _make(engine: Engine, world: World, case: Case) -> Resource:
    return engine.create(case.token, case.minimal(world), world.unique("case"))


def _unchanged(engine: Engine, resource: Resource) -> None:
    """Assert that a refresh sees what is recorded, and that the program's inputs need no update."""
    refreshed = engine.refresh(resource)
    assert refreshed is not None
    assert refreshed.inputs == resource.inputs
    assert refreshed.outputs == resource.outputs
    assert engine.diff(refreshed, resource.inputs).paths == {}


@ALL
@pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])
def test_life(engine: Engine, world: World, case: Case, full: bool) -> None:
    inputs = case.minimal(world)
    if full:
        inputs |= case.full(world, inputs)
    resource = engine.create(case.token, inputs, world.unique("case"))
    again, failures = engine.check(case.token, inputs, resource.inputs, resource.name)
    assert (again, failures) == (resource.inputs, [])
    for name in case.outputs:
        assert resource.outputs.get(name) not in (None, "", [], {}), name
    _unchanged(engine, resource)
    imported = engine.import_(case.token, resource.id)
    assert imported is not None
    assert imported.id == resource.id
    assert engine.diff(imported, _readable(resource, imported)).paths == {}
    engine.delete(resource)
    if not case.stays:
        assert engine.refresh(resource) is None
    engine.delete(resource)


@pytest.mark.parametrize(("case", "name"), UPDATES)
def test_update(engine: Engine, world: World, case: Case, name: str) -> None:
    inputs = {**case.minimal(world), **case.together.get(name, {})}
    resource = engine.create(case.token, inputs, world.unique("case"))
    changed = {**resource.inputs, name: case.updates[name](world, resource.inputs)}
    diff = engine.diff(resource, changed)
    assert diff or changed == resource.inputs, "no difference"
    assert diff.replaces == []
    updated = engine.update(resource, changed)
    _unchanged(engine, updated)
    prop = ROWS[case.token].properties[name]
    before, _ = engine.check(case.token, resource.inputs, updated.inputs, resource.name)
    if prop.permanent and name not in resource.inputs:
        assert engine.diff(updated, before).replaces == [name]
        engine.delete(updated)
        return
    back = engine.update(updated, before)
    _unchanged(engine, back)
    if not prop.kept and not prop.kept_inside:
        assert normal(prop, back.outputs.get(name)) == normal(prop, resource.outputs.get(name))
    engine.delete(back)


@pytest.mark.parametrize(("case", "name"), REPLACES)
def test_replace(engine: Engine, world: World, case: Case, name: str) -> None:
    resource = _make(engine, world, case)
    changed = {**resource.inputs, name: case.replaces[name](world, resource.inputs)}
    diff = engine.diff(resource, changed)
    assert diff.replaces == [name]
    assert all(kind.endswith("_REPLACE") for path, kind in diff.paths.items() if path.startswith(name))
    engine.delete(resource)


@pytest.mark.parametrize("case", DRIFTS)
def test_drift_is_found_and_repaired(engine: Engine, world: World, case: Case) -> None:
    assert case.drift is not None
    resource = _make(engine, world, case)
    path, body = case.drift(world, resource.id, resource.inputs)
    world.vault.write(path, **body)
    refreshed = engine.refresh(resource)
    assert refreshed is not None
    assert case.drifted in refreshed.inputs
    diff = engine.diff(refreshed, resource.inputs)
    assert case.drifted in {place.split(".")[0].split("[")[0] for place in diff.paths}
    assert engine.refresh(resource).inputs == refreshed.inputs  # type: ignore[union-attr]
    if diff.replaces:
        engine.delete(refreshed)
        return
    repaired = engine.update(refreshed, resource.inputs)
    _unchanged(engine, repaired)
    engine.delete(repaired)


def _readable(resource: Resource, imported: Resource) -> dict[str, object]:
    """Return the inputs, with what cannot be read back as the import has it."""
    row = ROWS[resource.token]
    hidden = {name for name, prop in row.properties.items() if prop.local or prop.out is None} | {"dataJson"}
    inputs = {name: value for name, value in resource.inputs.items() if name not in hidden or name in imported.inputs}
    if "postgresql" in inputs:
        inputs["postgresql"] = imported.inputs["postgresql"]
    return inputs
