"""Each resource type from its creation to its second deletion, through gRPC and against moto."""

from __future__ import annotations

from typing import Any

import pytest

from idp.loopback.aws.tables import ROWS
from idp.loopback.provider.compare import normal

from .cases import CASES, Case
from .conftest import ALLOW, World
from .engine import Engine, Resource

ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.token.rsplit(":", 1)[-1])
UPDATES = [
    pytest.param(case, name, id=f"{case.token.rsplit(':', 1)[-1]}-{name}") for case in CASES for name in case.updates
]
REPLACES = [
    pytest.param(case, name, id=f"{case.token.rsplit(':', 1)[-1]}-{name}") for case in CASES for name in case.replaces
]


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
    imported = engine.import_(case.token, case.identity(resource.id))
    assert imported is not None
    assert imported.id == resource.id
    assert engine.diff(imported, _readable(resource, imported)).paths == {}
    engine.delete(resource)
    if not case.stays:
        assert engine.refresh(resource) is None
    engine.delete(resource)


@pytest.mark.parametrize(("case", "name"), UPDATES)
def test_update(engine: Engine, world: World, case: Case, name: str) -> None:
    resource = _make(engine, world, case)
    changed = {**resource.inputs, name: case.updates[name](world, resource.inputs)}
    if case.token.endswith(":Route"):
        changed = {key: value for key, value in changed.items() if key != "gatewayId"}
    diff = engine.diff(resource, changed)
    assert diff, "no difference"
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


def _readable(resource: Resource, imported: Resource) -> dict[str, object]:
    """Return the inputs, with what cannot be read back as the import has it."""
    row = ROWS[resource.token]
    hidden = {name for name, prop in row.properties.items() if prop.local or prop.out is None} - {"tags"}
    return {name: value for name, value in resource.inputs.items() if name not in hidden or name in imported.inputs}


def test_a_policy_can_change_more_often_than_iam_keeps_versions(engine: Engine, world: World) -> None:
    policy = engine.create("aws:iam/policy:Policy", {"policy": ALLOW}, world.unique("often"))
    for count in range(8):
        policy = engine.update(policy, {**policy.inputs, "policy": ALLOW.replace("bucket", f"bucket-{count}")})
    assert "bucket-7" in policy.outputs["policy"]
    engine.delete(policy)
    assert engine.refresh(policy) is None


def test_drift_is_an_input_and_a_difference(engine: Engine, world: World) -> None:
    vpc = engine.create("aws:ec2/vpc:Vpc", {"cidrBlock": "10.5.0.0/16", "tags": {"a": "1"}}, world.unique("drift"))
    ec2: Any = world.aws("ec2")
    ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": "a", "Value": "2"}, {"Key": "stray", "Value": "x"}])
    ec2.delete_tags(Resources=[vpc.id], Tags=[{"Key": "owner"}])
    ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsSupport={"Value": False})
    refreshed = engine.refresh(vpc)
    assert refreshed is not None
    assert refreshed.inputs["tags"] == {"a": "2", "stray": "x"}
    assert refreshed.inputs["enableDnsSupport"] is False
    diff = engine.diff(refreshed, vpc.inputs)
    assert diff.replaces == []
    assert {path.split(".")[0] for path in diff.paths} == {"tags", "tagsAll", "enableDnsSupport"}
    repaired = engine.update(refreshed, vpc.inputs)
    assert repaired.outputs == vpc.outputs


def test_tags_that_somebody_took_out_of_a_launch_template_are_put_back(engine: Engine, world: World) -> None:
    """A new version behind our back: its tags would be those of all nodes that start from now on."""
    wanted = [
        {"resourceType": kind, "tags": {"owner": "platform", "layer": "foundation"}}
        for kind in ("instance", "volume", "network-interface")
    ]
    inputs = {"instanceType": "m6i.large", "updateDefaultVersion": True, "tagSpecifications": wanted}
    template = engine.create("aws:ec2/launchTemplate:LaunchTemplate", inputs, world.unique("drift"))
    _unchanged(engine, template)
    ec2: Any = world.aws("ec2")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "owner", "Value": "somebody"}]}]
    data = {"InstanceType": "m6i.large", "TagSpecifications": tags}
    ec2.create_launch_template_version(LaunchTemplateId=template.id, LaunchTemplateData=data)
    refreshed = engine.refresh(template)
    assert refreshed is not None
    assert refreshed.inputs["tagSpecifications"] == [{"resourceType": "instance", "tags": {"owner": "somebody"}}]
    diff = engine.diff(refreshed, template.inputs)
    assert diff.replaces == []
    assert {path.split("[")[0] for path in diff.paths} == {"tagSpecifications"}
    repaired = engine.update(refreshed, template.inputs)
    assert normal(ROWS[template.token].properties["tagSpecifications"], repaired.outputs["tagSpecifications"]) == (
        normal(ROWS[template.token].properties["tagSpecifications"], wanted)
    )
    assert repaired.outputs["defaultVersion"] == repaired.outputs["latestVersion"] == 3
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template.id, Versions=["$Default"])
    [told] = versions["LaunchTemplateVersions"]
    kinds = [one["ResourceType"] for one in told["LaunchTemplateData"]["TagSpecifications"]]
    assert sorted(kinds) == ["instance", "network-interface", "volume"]
    engine.delete(repaired)
