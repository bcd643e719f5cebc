"""Creations that a crash left unfinished."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.engine import ids, pending, recovery
from idp.engine.settings import EngineSettings

_NAMES = st.text("abc-", min_size=1, max_size=5)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineSettings:
    monkeypatch.setattr(pending, "UNSETTLED", tmp_path / "unsettled")
    return EngineSettings("local", f"file://{tmp_path}", "passphrase", {})


def operation(kind: str, urn: str, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "resource": {"urn": urn, "type": token, "custom": True, "inputs": inputs}}


def inputs(name: str, namespace: str | None, path: str | None) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"metadata": metadata, **({"path": path} if path else {})}


def expected_id(token: str, given: dict[str, Any]) -> str | None:
    if token.startswith("vault:"):
        return given.get("path")
    if not token.startswith("kubernetes:") or "metadata" not in given:
        return None
    metadata = given["metadata"]
    return "/".join([metadata[key] for key in ("namespace", "name") if key in metadata])


OPERATIONS = st.lists(
    st.builds(
        operation,
        st.sampled_from(["creating", "updating", "deleting", "importing"]),
        st.sampled_from([f"urn::{number}" for number in range(8)]),
        st.sampled_from(["kubernetes:core/v1:Namespace", "vault:index/mount:Mount", "aws:s3/bucket:Bucket"]),
        st.builds(inputs, _NAMES, st.none() | _NAMES, st.none() | _NAMES) | st.just({}),
    ),
    unique_by=lambda found: found["resource"]["urn"],
)


@given(OPERATIONS, st.sets(st.sampled_from([f"urn::{number}" for number in range(8)])))
def test_adopt_claims_each_created_object_once_and_forgets_the_rest(
    operations: list[dict[str, Any]], known: set[str]
) -> None:
    there = [{"urn": urn, "type": "t", "id": "x"} for urn in sorted(known)]
    adopted = pending.adopt({"resources": there, "pending_operations": operations, "manifest": {"time": "t"}})
    assert adopted["pending_operations"] == []
    assert adopted["manifest"] == {"time": "t"}
    assert adopted["resources"][: len(there)] == there
    claimed = {found["urn"]: found["id"] for found in adopted["resources"][len(there) :]}
    assert len(adopted["resources"]) == len({found["urn"] for found in adopted["resources"]})
    for each in operations:
        resource = each["resource"]
        name = expected_id(resource["type"], resource["inputs"])
        ours = each["type"] == "creating" and name is not None and resource["urn"] not in known
        assert claimed.get(resource["urn"]) == (name if ours else None)


@pytest.mark.parametrize("path", [None, {"4dabf18193072939515e22adb298388d": "secret"}, 7])
def test_what_is_not_known_beforehand_is_not_guessed(path: object) -> None:
    found = {} if path is None else {"path": path}
    assert ids.known("vault:index/mount:Mount", found) is None


def write_checkpoint(settings: EngineSettings, operations: list[object]) -> None:
    path = recovery.checkpoint_file(settings, "platform")
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"checkpoint": {"latest": {"pending_operations": operations}}}))


def test_pending_is_told_from_the_checkpoint(settings: EngineSettings) -> None:
    assert not pending.pending(settings, "platform")
    write_checkpoint(settings, [])
    assert not pending.pending(settings, "platform")
    write_checkpoint(settings, [{"type": "creating"}])
    assert pending.pending(settings, "platform")
    assert not pending.pending(settings, "workspaces")


def test_a_recovery_that_was_killed_is_begun_again(settings: EngineSettings) -> None:
    pending.begin("local", "platform")
    assert pending.pending(settings, "platform")
    assert not pending.pending(settings, "workspaces")
    pending.end("local", "platform")
    assert not pending.pending(settings, "platform")
    pending.end("local", "platform")
