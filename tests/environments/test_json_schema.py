"""The JSON Schema is valid and refuses what the model refuses, as far as it can be said there."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from environments import load, names, schema
from environments.model import FOLDER
from environments.rules import LOOPBACK_VERSION

Document = dict[str, Any]
Change = Callable[[Document], object]

VALIDATOR = Draft202012Validator(schema())


def test_it_is_valid_itself() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", names())
def test_each_file_passes(name: str) -> None:
    document = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    assert list(VALIDATOR.iter_errors(document)) == []


@pytest.mark.parametrize("name", names())
def test_each_environment_written_out_in_full_passes(name: str) -> None:
    assert list(VALIDATOR.iter_errors(load(name).model_dump(mode="json"))) == []


def test_the_callers_copy_is_its_own() -> None:
    schema()["properties"].clear()
    assert schema()["properties"]


def objects(part: object) -> list[Document]:
    """Return each part of the schema that describes a mapping of the model."""
    inner = [each for value in part.values() for each in objects(value)] if isinstance(part, dict) else []
    return [
        *([part] if isinstance(part, dict) and "properties" in part and part.get("type") == "object" else []),
        *inner,
    ]


def test_every_mapping_is_closed_and_every_field_described() -> None:
    parts = objects(schema())
    assert len(parts) == len(schema()["$defs"]) + 1
    for part in parts:
        assert part["additionalProperties"] is False
        assert part["description"]
        assert all(field["description"] for field in part["properties"].values())


def shop(document: Document) -> Document:
    found: Document = document["workspaces"][0]
    return found


CHANGES: dict[str, Change] = {
    "unknown key": lambda d: d.update(colour="blue"),
    "unknown key deep inside": lambda d: shop(d)["services"][0].update(colour="blue"),
    "missing key": lambda d: d.pop("state"),
    "missing key deep inside": lambda d: shop(d)["quota"].pop("cpu"),
    "number for text": lambda d: d["cluster"].update(version=1.33),
    "text for number": lambda d: shop(d)["services"][0].update(port="8080"),
    "text for a list": lambda d: shop(d).update(services="web"),
    "pattern": lambda d: shop(d)["quota"].update(cpu="lots"),
    "range": lambda d: shop(d)["services"][0].update(replicas=51),
    "enum": lambda d: shop(d).update(pod_security="privileged"),
    "latest": lambda d: shop(d)["services"][0].update(image="idp.local/web:latest"),
    "system group": lambda d: shop(d)["access"].update(readers=["system:masters"]),
    "system name": lambda d: shop(d).update(name="kube-system"),
    "whole internet": lambda d: shop(d)["network"]["egress_to"][0].update(cidr="0.0.0.0/0"),
    "metadata": lambda d: shop(d)["network"]["egress_to"][0].update(cidr="169.254.169.254/32"),
    "no registry": lambda d: d["platform"].update(registries=[]),
    "registry twice": lambda d: d["platform"].update(registries=["a/", "a/"]),
    "group twice": lambda d: shop(d)["access"].update(readers=["a", "a"]),
    "state in files": lambda d: d["state"].update(backend="file"),
    "passphrase": lambda d: d["state"].update(secrets_provider="passphrase"),
    "null kubeconfig": lambda d: d["cluster"].update(kubeconfig=None),
    "no kubeconfig": lambda d: d["cluster"].pop("kubeconfig"),
    "loopback version": lambda d: d.update(name="local", cluster={"version": "1.34"}),
    "loopback version, null": lambda d: d.update(name="local", cluster={"kubeconfig": None, "version": "1.34"}),
    "loopback context": lambda d: d.update(name="local", cluster={"context": "x", "version": LOOPBACK_VERSION}),
    "name": lambda d: d.update(name="Not A Name"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_refuses_what_the_model_refuses(
    document: Document, refusals: Callable[[Document], list[tuple[str, str]]], change: Change
) -> None:
    assert VALIDATOR.is_valid(document)
    change(document)
    assert not VALIDATOR.is_valid(document)
    assert refusals(document)


@pytest.mark.parametrize(
    "cluster",
    [
        {"version": LOOPBACK_VERSION},
        {"version": LOOPBACK_VERSION, "kubeconfig": None, "context": None},
        {"version": "1.34", "kubeconfig": "~/.kube/config", "context": "kind"},
    ],
)
def test_it_lets_through_what_the_model_lets_through(
    document: Document, refusals: Callable[[Document], list[tuple[str, str]]], cluster: Document
) -> None:
    changed = {**copy.deepcopy(document), "name": "local", "cluster": cluster}
    assert VALIDATOR.is_valid(changed)
    assert refusals(changed) == []
