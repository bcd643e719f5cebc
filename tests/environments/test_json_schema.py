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


def founds(document: Document, *steps: str | int) -> Any:  # noqa: ANN401 - whatever a document holds
    found = document["foundation"]
    for step in steps:
        found = found[step]
    return found


def become_prod(document: Document, **network: object) -> None:
    document["name"] = "prod"
    founds(document, "network").update(network)


FOUNDATION_CHANGES: dict[str, Change] = {
    "unknown key": lambda d: founds(d).update(colour="blue"),
    "no aws": lambda d: founds(d).pop("aws"),
    "account as a number": lambda d: founds(d, "aws").update(account_id=123456789012),
    "emulator as text": lambda d: founds(d, "aws").update(emulator="true"),
    "emulator elsewhere": lambda d: founds(d, "aws").update(emulator=True),
    "local without the emulator": lambda d: d.update(name="local"),
    "local, emulator left out": lambda d: (d.update(name="local"), founds(d, "aws").pop("emulator")),
    "nothing of a network": lambda d: founds(d).update(network={}),
    "no range": lambda d: founds(d, "network").pop("cidr"),
    "null range": lambda d: founds(d, "network").update(cidr=None),
    "services' range": lambda d: founds(d, "network").update(cidr="172.20.0.0/16"),
    "no nat": lambda d: founds(d, "network").update(nat=None),
    "other nat": lambda d: founds(d, "network").update(nat="none"),
    "one zone": lambda d: founds(d, "network").update(zones=["eu-central-1a"]),
    "seven zones": lambda d: founds(d, "network").update(zones=[f"eu-central-1{letter}" for letter in "abcdefg"]),
    "a zone twice": lambda d: founds(d, "network").update(zones=["eu-central-1a", "eu-central-1a"]),
    "create and adopt a network": lambda d: founds(d, "network").update(
        existing={"vpc_id": "vpc-0a1b2c3d", "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]}
    ),
    "one private subnet": lambda d: founds(d).update(
        network={"existing": {"vpc_id": "vpc-0a1b2c3d", "private_subnet_ids": ["subnet-0a1b2c3d"]}}
    ),
    "prod, one nat": lambda d: become_prod(d, nat="single"),
    "prod, two zones": lambda d: become_prod(d, zones=["eu-central-1a", "eu-central-1b"]),
    "nothing of a cluster": lambda d: founds(d).update(cluster={}),
    "no admins": lambda d: founds(d, "cluster").update(admin_role_arns=[]),
    "whole internet": lambda d: founds(d, "cluster").update(public_access_cidrs=["0.0.0.0/0"]),
    "no runners": lambda d: founds(d, "cluster", "node_pools").pop(),
    "runners without a taint": lambda d: founds(d, "cluster", "node_pools", 2).pop("taint"),
    "runners, null taint": lambda d: founds(d, "cluster", "node_pools", 2).update(taint=None),
    "no nodes ever": lambda d: founds(d, "cluster", "node_pools", 1).update(maximum=0),
    "create and adopt a cluster": lambda d: founds(d, "cluster").update(existing={"name": "legacy"}),
    "unsupported version": lambda d: d["cluster"].update(version="1.29"),
    "context without a kubeconfig": lambda d: d["cluster"].update(kubeconfig=None),
    "unprotected prod": lambda d: (d.update(name="prod"), founds(d).update(protect=False)),
    "protect as text": lambda d: founds(d).update(protect="false"),
    "null protect": lambda d: founds(d).update(protect=None),
    "context without a kubeconfig, adopted": lambda d: (
        founds(d).update(cluster={"existing": {"name": "legacy"}}),
        d["cluster"].update(kubeconfig=None),
    ),
    "no foundation, no kubeconfig": lambda d: (d.pop("foundation"), d.update(cluster={"version": "1.33"})),
    "null foundation, no kubeconfig": lambda d: d.update(foundation=None, cluster={"version": "1.33"}),
    "no projects": lambda d: founds(d, "gitlab").update(projects=[]),
    "no branches": lambda d: founds(d, "gitlab", "projects", 0).update(branches=[]),
    "a pattern of branches": lambda d: founds(d, "gitlab", "projects", 0).update(branches=["release/*"]),
    "a pattern of projects": lambda d: founds(d, "gitlab", "projects", 0).update(path="platform/*"),
}


@pytest.mark.parametrize("change", FOUNDATION_CHANGES.values(), ids=FOUNDATION_CHANGES)
def test_it_refuses_what_the_model_refuses_in_a_foundation(
    founded: Document, refusals: Callable[[Document], list[tuple[str, str]]], change: Change
) -> None:
    assert VALIDATOR.is_valid(founded)
    change(founded)
    assert not VALIDATOR.is_valid(founded)
    assert refusals(founded)


LET_THROUGH: dict[str, Change] = {
    "null": lambda d: d.update(foundation=None),
    "absent": lambda d: d.pop("foundation"),
    "no kubeconfig": lambda d: d.update(cluster={"version": "1.34"}),
    "null kubeconfig": lambda d: d.update(cluster={"version": "1.34", "kubeconfig": None, "context": None}),
    "prod": lambda d: d.update(name="prod"),
    "unprotected": lambda d: founds(d).update(protect=False),
    "protected prod": lambda d: (d.update(name="prod"), founds(d).update(protect=True)),
    "adopted, no kubeconfig": lambda d: (
        founds(d).update(cluster={"existing": {"name": "legacy"}}),
        d.update(cluster={"version": "1.33"}),
    ),
    "adopted, null kubeconfig": lambda d: (
        founds(d).update(cluster={"existing": {"name": "legacy"}}),
        d.update(cluster={"version": "1.33", "kubeconfig": None, "context": None}),
    ),
    "defaults": lambda d: [founds(d).pop(key) for key in ("registry", "dns")],
    "defaults deep inside": lambda d: founds(d).update(
        dns={},
        registry={},
        cluster={key: founds(d, "cluster", key) for key in ("name", "admin_role_arns", "node_pools")},
    ),
    "two zones, one nat": lambda d: founds(d, "network").update(zones=["eu-central-1a", "eu-central-1b"], nat="single"),
    "adopted version": lambda d: (
        founds(d).update(cluster={"existing": {"name": "legacy"}}),
        d["cluster"].update(version="1.29"),
    ),
    "adopted network in prod": lambda d: (
        become_prod(d),
        founds(d).update(
            network={
                "cidr": None,
                "zones": [],
                "nat": None,
                "existing": {"vpc_id": "vpc-0a1b2c3d", "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]},
            }
        ),
    ),
}


@pytest.mark.parametrize("change", LET_THROUGH.values(), ids=LET_THROUGH)
def test_it_lets_through_what_the_model_lets_through_in_a_foundation(
    founded: Document, refusals: Callable[[Document], list[tuple[str, str]]], change: Change
) -> None:
    change(founded)
    assert list(VALIDATOR.iter_errors(founded)) == []
    assert refusals(founded) == []


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
