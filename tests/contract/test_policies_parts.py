"""The pack and the environments' model read the same part of the same file: they must be of one mind.

The pack has a reader of its own, because it may import neither the model nor pydantic.
"""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from environments import Environment, InvalidEnvironment, load, names
from environments import policies as model
from environments.loading import parse
from environments.model import FOLDER
from policies import environment as pack
from policies import pattern
from policies.baseline import written
from policies.catalogue import load as load_rules
from policies.enforcer import Known, Policies
from stacks.layers import LAYERS

CONTROLS = {rule.id for rule in load_rules().rules}
NAME = "mr-42"
URN = f"urn:pulumi:{NAME}.workspaces::idp::*kubernetes:apps/v1:Deployment::shop-*"
BASE = yaml.safe_load((FOLDER / "dev.yaml").read_text("utf-8")) | {"name": NAME}
EXEMPTION = {
    "control": "image_pinned",
    "resource": URN,
    "owner": "team-shop",
    "reason": "The vendor's next release",
    "expires": "2027-03-31",
}

every_environment = pytest.mark.parametrize("name", names())


def of_model(part: object) -> model.Policies | None:
    try:
        return parse(yaml.safe_dump({**BASE, "policies": part}).encode(), NAME).policies
    except InvalidEnvironment:
        return None


def of_pack(part: object, folder: Path) -> Policies | None:
    (folder / f"{NAME}.yaml").write_text(yaml.safe_dump({**BASE, "policies": part}))
    try:
        return pack.policies_of(f"{NAME}.platform", CONTROLS, folder)
    except pack.Unusable as error:
        if "\n" in str(error) or not str(error).startswith(f"{NAME}.yaml: policies"):
            raise
        return None


def told(read: model.Policies) -> dict[str, Any]:
    """Return what the model read, in the words of the pack."""
    return {
        "level": read.enforcement,
        "controls": {one.control: one.enforcement for one in read.controls},
        "strict": read.strict,
        "exemptions": [tuple(vars(one).values()) for one in read.exemptions],
        "baseline_file": read.baseline or "",
    }


def told_by_pack(read: Policies) -> dict[str, Any]:
    return {
        "level": read.level.value,
        "controls": {control: level.value for control, level in read.controls.items()},
        "strict": read.strict,
        "exemptions": [
            (one.control, one.resource.text, one.owner, one.reason, one.expires.isoformat()) for one in read.exemptions
        ],
        "baseline_file": read.baseline_file,
    }


ODD: list[object] = [None, "", "*", "yes", 0, 1, True, [], {}, ["x"], "2027-02-29", "off", "a\nb", "x" * 201, "é"]
odd = st.sampled_from(ODD)
controls = st.sampled_from(sorted(CONTROLS))
fields = {
    "control": controls | odd,
    "resource": st.sampled_from([URN, "namespace:workspaces/shop", URN.replace(NAME, "dev"), f"{URN}\n"]) | odd,
    "owner": st.sampled_from(["team-shop", "Team", "a" * 41, "a-"]) | odd,
    "reason": st.sampled_from(["Because", " x", "x" * 200]) | odd,
    "expires": st.sampled_from(["2027-03-31", "2027-13-01", "20270331", "2028-02-29"]) | odd,
}
good = st.fixed_dictionaries(
    {
        **{key: st.just(value) for key, value in EXEMPTION.items()},
        "control": controls,
        "resource": st.sampled_from([URN, "namespace:workspaces/shop"]),
    }
)
exemption = good | good | st.fixed_dictionaries({}, optional=fields) | st.fixed_dictionaries(fields)
level = st.sampled_from(["mandatory", "advisory"])
control = st.fixed_dictionaries({"control": controls, "enforcement": level}) | st.fixed_dictionaries(
    {}, optional={"control": controls | odd, "enforcement": level | odd, "more": odd}
)
part = odd | st.fixed_dictionaries(
    {},
    optional={
        "enforcement": level | odd,
        "controls": st.lists(control, max_size=3) | odd,
        "strict": st.booleans() | odd,
        "exemptions": st.lists(exemption, max_size=3) | odd,
        "baseline": st.sampled_from([f"{NAME}.baseline.json", "../x.json"]) | odd,
        "exemption": odd,
    },
)
likely = st.fixed_dictionaries(
    {},
    optional={
        "enforcement": level,
        "controls": st.lists(st.fixed_dictionaries({"control": controls, "enforcement": level}), max_size=3),
        "strict": st.booleans(),
        "exemptions": st.lists(good, max_size=3),
        "baseline": st.sampled_from([f"{NAME}.baseline.json", None]),
    },
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("environments")
    (made / f"{NAME}.baseline.json").write_text(written([]))
    return made


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(part | likely)
def test_pack_and_model_are_of_one_mind(folder: Path, part: object) -> None:
    by_model, by_pack = of_model(part), of_pack(part, folder)
    assert (by_model is None) == (by_pack is None)
    if by_model is not None and by_pack is not None:
        assert told(by_model) == told_by_pack(by_pack)


def test_the_words_are_the_models() -> None:
    resource = model.Exemption.model_json_schema()["properties"]["resource"]
    assert resource["patternErrorMessage"] == f"Allowed: {pattern.ALLOWED}"
    assert set(model.Policies.model_fields) == set(pack._KEYS)


def test_the_example_of_the_documentation_is_one(folder: Path) -> None:
    page = (FOLDER.parent / "docs/policies.md").read_text("utf-8")
    [example] = [
        yaml.safe_load(text)["policies"] for text in re.findall(r"```yaml\n(policies:.*?)```", page, re.DOTALL)
    ]
    (folder / example["baseline"]).write_text(written([]))
    text = yaml.safe_dump({**BASE, "policies": example}).replace("pulumi:dev.", f"pulumi:{NAME}.")
    read = pack.policies_of(f"{NAME}.platform", CONTROLS, _with(folder, text))
    assert told_by_pack(read) == told(parse(text.encode(), NAME).policies)
    assert read.strict
    assert read.controls
    assert read.exemptions


def _with(folder: Path, text: str) -> Path:
    (folder / f"{NAME}.yaml").write_text(text)
    return folder


def test_the_layers_are_those_of_the_stacks() -> None:
    assert set(pattern.LAYERS) == set(LAYERS)
    for layer in LAYERS:
        assert of_model({"exemptions": [EXEMPTION | {"resource": URN.replace("workspaces", layer)}]})


def test_the_folder_is_the_environments() -> None:
    assert pack.FOLDER == FOLDER


@every_environment
def test_the_pack_can_use_every_environment(name: str) -> None:
    for layer in LAYERS:
        read = pack.policies_of(f"{name}.{layer}", CONTROLS)
        assert told_by_pack(read) == told(load(name).policies)


@every_environment
def test_no_exemption_of_ours_is_expired(name: str) -> None:
    today = datetime.now(UTC).date()
    assert not [one for one in pack.policies_of(f"{name}.platform", CONTROLS).exemptions if one.expired(today)]


@every_environment
def test_a_control_that_does_not_exist_is_refused_by_name(name: str, folder: Path) -> None:
    document = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    bad = copy.deepcopy(EXEMPTION) | {"control": "image_pined", "resource": "namespace:platform/x"}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**document, "policies": {"exemptions": [bad]}}))
    with pytest.raises(pack.Unusable) as refused:
        pack.policies_of(f"{name}.platform", CONTROLS, folder)
    assert str(refused.value) == (
        f"{name}.yaml: policies.exemptions[0].control: 'image_pined' is not allowed: the id of a control"
        " (docs/policies.md has all, did you mean image_pinned)"
    )


UNREADABLE: dict[str, bytes] = {
    "not YAML": b"policies: {",
    "not UTF-8": b"policies: \xff\xfe\x00",
    "a list": b"- policies",
    "empty": b"",
    "no text": b"\x00",
    "nested": b"[" * 5000,
    "a tag": b"policies: !!python/object:os.system {}",
    "null": b"policies:",
    "a typo": b"policies: {exemption: []}",
    "a day that is no text": yaml.safe_dump({"policies": {"exemptions": [EXEMPTION]}}).replace("'", "").encode(),
    "no baseline": b"policies: {baseline: gone.json}",
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_used_is_never_taken_for_nothing_said(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_bytes(raw)
    with pytest.raises(pack.Unusable, match=r"^dev\.yaml: [^\n]+$"):
        pack.policies_of("dev.platform", CONTROLS, tmp_path)


def test_a_file_that_nobody_may_read_is_never_taken_for_nothing_said(tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").mkdir()
    with pytest.raises(pack.Unusable, match=r"^dev\.yaml: cannot be read: Is a directory$"):
        pack.policies_of("dev.platform", CONTROLS, tmp_path)


@pytest.mark.parametrize("stack", ["dev.platform", "", "dev", "../dev.platform", "a/b.platform", "dev.platform.x"])
def test_a_stack_without_an_environment_has_everything_refused(stack: str, tmp_path: Path) -> None:
    assert pack.policies_of(stack, CONTROLS, tmp_path) == Policies()


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    known = (Known("image_pinned", URN.replace("*", ""), 2), Known("rbac_wildcard", URN.replace("*", ""), 1))
    (tmp_path / "dev.yaml").write_text("policies: {baseline: dev.baseline.json}")
    (tmp_path / "dev.baseline.json").write_text(written(reversed(known)))
    assert pack.policies_of("dev.platform", CONTROLS, tmp_path).baseline == known


def test_the_model_needs_no_policies() -> None:
    assert "policies" not in Environment.model_json_schema()["required"]
