"""Creations that a crash left unfinished."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.engine import pending, recovery
from idp.engine.settings import EngineSettings

_NAMES = st.text("abc-", min_size=1, max_size=5)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineSettings:
    monkeypatch.setattr(pending, "UNSETTLED", tmp_path / "unsettled")
    return EngineSettings("local", f"file://{tmp_path}", "passphrase", {})


def operation(kind: str, urn: str, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "resource": {"urn": urn, "type": token, "custom": True, "inputs": inputs}}


def object_inputs(name: str, namespace: str | None) -> dict[str, Any]:
    return {"metadata": {"name": name, **({"namespace": namespace} if namespace else {})}}


OPERATIONS = st.lists(
    st.builds(
        operation,
        st.sampled_from(["creating", "updating", "deleting", "importing"]),
        st.sampled_from([f"urn::{number}" for number in range(8)]),
        st.sampled_from(["kubernetes:core/v1:Namespace", "aws:s3/bucket:Bucket"]),
        st.builds(object_inputs, _NAMES, st.none() | _NAMES) | st.just({}),
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
        metadata = resource["inputs"].get("metadata")
        ours = each["type"] == "creating" and resource["type"].startswith("kubernetes:") and metadata
        assert (resource["urn"] in claimed) == bool(ours and resource["urn"] not in known)
        if resource["urn"] in claimed:
            parts = [metadata["namespace"]] if "namespace" in metadata else []
            assert claimed[resource["urn"]] == "/".join([*parts, metadata["name"]])


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
