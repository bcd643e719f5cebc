"""A baseline holds what the policies found, and is never written from half a look."""

from __future__ import annotations

import json

import pytest

from idp.baseline import found, renewed
from idp.engine.layer import Result
from idp.engine.progress import Progress, Violation
from idp.errors import IdpError
from policies.baseline import read, written
from policies.enforcer import Known
from policies.fingerprint import fingerprint

TEXT = "The platform's rules for a resource.\n{} (medium) on web, spec: wrong; allowed is right\n  Remedy: Mend it."


def urn(name: str, layer: str = "platform") -> str:
    return f"urn:pulumi:dev.{layer}::idp::kubernetes:apps/v1:Deployment::{name}"


def refused(control: str, name: str) -> Violation:
    return Violation("resources", True, urn(name), TEXT.format(control))


def preview(*violations: Violation, errors: tuple[str, ...] = ("preview failed",)) -> Result:
    return Result(
        "platform", "preview", not violations, 1, Progress("platform", violations=list(violations), errors=list(errors))
    )


def test_findings_are_counted_by_control_and_resource() -> None:
    exempted = TEXT.format("image_pinned") + "\n  Exempted: until 2026-11-25, by team-a: Because"
    result = preview(
        refused("image_pinned", "web"),
        refused("image_pinned", "web"),
        refused("rbac_wildcard", "web"),
        refused("image_pinned", "api"),
        Violation("resources", False, urn("db"), exempted),
        Violation("resources", False, urn("db"), "image_pinned on db, spec is not yet known; checked again"),
    )
    assert sorted(found([result]), key=str) == [
        Known("image_pinned", urn("api"), 1),
        Known("image_pinned", urn("web"), 2),
        Known("rbac_wildcard", urn("web"), 1),
    ]


@pytest.mark.parametrize(
    "result",
    [
        preview(refused("image_pinned", "web"), errors=("preview failed", "the API server says no")),
        Result("platform", "preview", False, 1, Progress("platform", errors=["preview failed"])),
        preview(Violation("resources", True, urn("web"), "x\nthe environment's policies cannot be used: dev.yaml: y")),
        preview(Violation("resources", True, urn("web"), "x\nrule a could not be evaluated on web: KeyError")),
    ],
)
def test_half_a_look_is_refused(result: Result) -> None:
    with pytest.raises(IdpError, match=r"^platform: .+$"):
        found([result])


def test_what_was_not_looked_at_stays() -> None:
    old = [Known("a", urn("x"), 1), Known("a", urn("y", "workspaces"), 2)]
    new = [Known("b", urn("z"), 1)]
    assert set(read(renewed(written(old), new, {"dev.platform"}))) == {old[1], new[0]}
    assert read(renewed("", new, {"dev.platform"})) == tuple(new)


def test_it_is_the_same_file_whatever_the_order() -> None:
    entries = [Known(control, urn(name), 1) for control in "ab" for name in "xy"]
    assert written(entries) == written(reversed(entries))
    listed = json.loads(written(entries))["findings"]
    assert [(one["urn"], one["control"]) for one in listed] == sorted((one["urn"], one["control"]) for one in listed)
    assert all(one["fingerprint"] == fingerprint(one["urn"], one["control"]) for one in listed)


ENTRY = {"control": "a", "urn": urn("x"), "findings": 1, "fingerprint": fingerprint(urn("x"), "a")}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"version": 2, "findings": []},
        {"version": 1, "findings": {}},
        {"version": 1, "findings": [], "more": 1},
        {"version": 1, "findings": [1]},
        {"version": 1, "findings": [ENTRY, ENTRY]},
        {"version": 1, "findings": [{**ENTRY, "findings": 0}]},
        {"version": 1, "findings": [{**ENTRY, "findings": True}]},
        {"version": 1, "findings": [{**ENTRY, "urn": "x"}]},
        {"version": 1, "findings": [{**ENTRY, "control": "b"}]},
        {"version": 1, "findings": [{**ENTRY, "reason": "b"}]},
    ],
)
def test_what_is_no_baseline_is_refused_in_one_line(data: object) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]*allowed[^\n]*$"):
        read(json.dumps(data))
    with pytest.raises(IdpError, match="the baseline: "):
        renewed(json.dumps(data), [], set())


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "version: 1", '{"version": NaN'])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        read(text)


def test_the_fingerprint_is_that_of_urn_and_control() -> None:
    # printf 'urn:x\nimage_pinned' | sha256sum
    assert fingerprint("urn:x", "image_pinned") == "2c5146360127dea32e8569476e86cd67186ad73a4859146446bbdd5d7e9e37e9"
