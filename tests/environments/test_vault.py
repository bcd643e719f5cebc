"""Rules of Vault's servers: each broken alone, with the place, the value and the words that help."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from environments import schema
from environments.loading import parse

Document = dict[str, Any]
Refusals = Callable[[Document], list[tuple[str, str]]]
Change = Callable[[Document], object]
VALIDATOR = Draft202012Validator(schema())
HERE = "platform.vault"


def public_key(fill: int) -> str:
    return base64.b64encode(bytes([0x99, *[fill] * 100])).decode()


KEEPERS = [{"name": name, "public_key": public_key(at)} for at, name in enumerate(("alice", "bob", "carol"))]
SERVERS: Document = {
    "image": "idp.local/vault:1",
    "bootstrap_image": "idp.local/vault-bootstrap:1",
    "replicas": 3,
    "cpu": "250m",
    "memory": "512Mi",
    "keepers": KEEPERS,
    "threshold": 2,
    "egress_to": [{"cidr": "10.20.0.0/16", "port": 443}],
}


@pytest.fixture
def served(founded: Document, secretive: Document) -> Document:
    """Return a valid document whose Vault is its own, with every key named."""
    document = {**founded, "secrets": secretive["secrets"], "workspaces": secretive["workspaces"]}
    document["platform"]["vault"] = copy.deepcopy(SERVERS)
    document["secrets"].update(address=None, ca_file=None)
    return document


@pytest.fixture
def local(served: Document) -> Document:
    """Return the same as `local`, as small as it may be."""
    served.update(name="local", cluster={"version": "1.33"})
    served["foundation"]["aws"]["emulator"] = True
    served["platform"]["vault"] = {key: SERVERS[key] for key in ("image", "bootstrap_image")} | {"replicas": 1}
    return served


def vault(document: Document, **changes: object) -> None:
    document["platform"]["vault"].update(changes)


BROKEN: dict[str, tuple[Change, str, str]] = {
    "no server": (lambda d: vault(d, replicas=0), f"{HERE}.replicas", "0 is not allowed: "),
    "one server": (lambda d: vault(d, replicas=1), f"{HERE}.replicas", "1 is not allowed: one of 3, 5"),
    "two servers": (lambda d: vault(d, replicas=2), f"{HERE}.replicas", "2 is not allowed: one of 3, 5"),
    "four servers": (lambda d: vault(d, replicas=4), f"{HERE}.replicas", "4 is not allowed: one of 3, 5"),
    "no keepers": (lambda d: vault(d, keepers=[], threshold=1), f"{HERE}.keepers", "at least one keeper; only local"),
    "a private key": (
        lambda d: d["platform"]["vault"]["keepers"][0].update(public_key=base64.b64encode(b"\xc5" * 99).decode()),
        f"{HERE}.keepers[0].public_key",
        "an OpenPGP public key, never a private one",
    ),
    "a keeper twice": (
        lambda d: d["platform"]["vault"]["keepers"][2].update(name="alice"),
        f"{HERE}.keepers[2].name",
        "'alice' is not allowed: a name that is not taken yet (keepers[0] has this one)",
    ),
    "one of several": (lambda d: vault(d, threshold=1), f"{HERE}.threshold", "1 is not allowed: 2 to 3, with 3 keeper"),
    "more than all": (lambda d: vault(d, threshold=4), f"{HERE}.threshold", "4 is not allowed: 2 to 3, with 3 keeper"),
    "two of one": (lambda d: vault(d, keepers=KEEPERS[:1]), f"{HERE}.threshold", "2 is not allowed: 1, with 1 keeper"),
    "another registry": (
        lambda d: vault(d, image="docker.io/hashicorp/vault:1.21.0"),
        f"{HERE}.image",
        "'docker.io/hashicorp/vault:1.21.0' is not allowed: an image from platform.registries (idp.local/)",
    ),
    "another registry, bootstrap": (
        lambda d: vault(d, bootstrap_image="idp.localhost/vault:1"),
        f"{HERE}.bootstrap_image",
        "an image from platform.registries (idp.local/)",
    ),
    "latest": (lambda d: vault(d, image="idp.local/vault:latest"), f"{HERE}.image", "latest"),
    "the whole internet": (
        lambda d: d["platform"]["vault"]["egress_to"][0].update(cidr="0.0.0.0/0"),
        f"{HERE}.egress_to[0].cidr",
        "'0.0.0.0/0' is not allowed: ",
    ),
    "an unknown key": (lambda d: vault(d, ui=True), f"{HERE}.ui", "is not a key here"),
    "no image": (lambda d: d["platform"]["vault"].pop("image"), f"{HERE}.image", "missing"),
    "nowhere": (lambda d: d["platform"].pop("vault"), "secrets.address", "null is not allowed: the address of a Vault"),
    "null": (lambda d: d["platform"].update(vault=None), "secrets.address", "the address of a Vault"),
    "no foundation": (lambda d: d.update(foundation=None), HERE, "null without a foundation"),
    "absent foundation": (lambda d: d.pop("foundation"), HERE, "null without a foundation"),
    "no gitlab": (
        lambda d: d["secrets"].update(gitlab=None),
        "workspaces[0].gitlab_projects",
        "nothing: `secrets.gitlab` is null, so no pipeline logs in",
    ),
    "absent gitlab": (
        lambda d: d["secrets"].pop("gitlab"),
        "workspaces[0].gitlab_projects",
        "nothing: `secrets.gitlab` is null, so no pipeline logs in",
    ),
}

UNEXPRESSIBLE = {
    "a private key",
    "a keeper twice",
    "one of several",
    "more than all",
    "two of one",
    "another registry",
    "another registry, bootstrap",
}
"""What JSON Schema has no way to say."""


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_is_the_only_finding(served: Document, refusals: Refusals, case: str) -> None:
    change, path, words = BROKEN[case]
    change(served)
    [(found, message)] = refusals(served)
    assert found == path
    assert words in message
    assert VALIDATOR.is_valid(served) == (case in UNEXPRESSIBLE)


VALID: dict[str, Change] = {
    "as it is": lambda _d: None,
    "five servers": lambda d: vault(d, replicas=5),
    "all keepers": lambda d: vault(d, threshold=3),
    "one keeper": lambda d: vault(d, keepers=KEEPERS[:1], threshold=1),
    "defaults": lambda d: [d["platform"]["vault"].pop(key) for key in ("replicas", "cpu", "memory", "egress_to")],
    "somebody else's": lambda d: (
        d["platform"].pop("vault"),
        d["secrets"].update(address="https://vault.acme.example:8200"),
    ),
    "unconfigured": lambda d: (
        d.pop("secrets"),
        [d["workspaces"][0].pop(key) for key in ("gitlab_projects", "database", "aws_role_arn")],
        [service.pop("secrets", None) for service in d["workspaces"][0]["services"]],
    ),
    "no pipelines": lambda d: (d["secrets"].pop("gitlab"), d["workspaces"][0].pop("gitlab_projects")),
    "neither": lambda d: (
        d["platform"].pop("vault"),
        d.pop("secrets"),
        [d["workspaces"][0].pop(key) for key in ("gitlab_projects", "database", "aws_role_arn")],
        [service.pop("secrets", None) for service in d["workspaces"][0]["services"]],
    ),
}


@pytest.mark.parametrize("change", VALID.values(), ids=VALID)
def test_what_keeps_the_rules_is_let_through(served: Document, refusals: Refusals, change: Change) -> None:
    change(served)
    assert refusals(served) == []
    assert list(VALIDATOR.iter_errors(served)) == []


@pytest.mark.parametrize("replicas", range(7))
@pytest.mark.parametrize("keepers", range(3))
def test_local_may_have_few_servers_and_no_keeper(
    local: Document, refusals: Refusals, replicas: int, keepers: int
) -> None:
    vault(local, replicas=replicas, keepers=KEEPERS[:keepers], threshold=max(1, keepers))
    allowed = replicas in (1, 2, 3, 5)
    assert [path for path, _ in refusals(local)] == ([] if allowed else [f"{HERE}.replicas"])
    assert VALIDATOR.is_valid(local) == allowed


def test_local_needs_no_foundation_for_it(local: Document, refusals: Refusals) -> None:
    del local["foundation"]
    assert refusals(local) == []
    assert VALIDATOR.is_valid(local)


def test_the_least_is_enough(local: Document) -> None:
    found = parse(yaml.safe_dump(local).encode(), "local").platform.vault
    assert found
    assert (found.replicas, found.keepers, found.threshold, found.egress_to) == (1, (), 1, ())


def test_every_broken_rule_has_a_finding_of_its_own(served: Document, refusals: Refusals) -> None:
    vault(served, replicas=4, threshold=5, image="a.b/c:1")
    served["platform"]["vault"]["keepers"][1]["name"] = "alice"
    assert {path for path, _ in refusals(served)} == {
        f"{HERE}.replicas",
        f"{HERE}.threshold",
        f"{HERE}.image",
        f"{HERE}.keepers[1].name",
    }
