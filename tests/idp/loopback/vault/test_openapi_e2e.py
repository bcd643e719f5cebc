"""Every row of the tables against what the real server says of itself: paths, verbs and fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from idp.loopback.provider.table import BRACES, Call, Row
from idp.loopback.vault.client import Client, Server
from idp.loopback.vault.tables import ROWS

from .conftest import World
from .test_contract import ROW, steps

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

API = Client(Server("http://127.0.0.1:1"))
VERBS = {"GET": "get", "POST": "post", "PUT": "post", "DELETE": "delete"}

EXTERNAL = ("kubernetes", "aws")

FREE = {
    # Taken, by the server's own client too, but not in its list.
    "DELETE sys/plugins/catalog/{type}/{name}": {"version"},
    # The connection's own fields belong to the plugin, and no model lists them.
    "POST {backend}/config/{name}": {
        "auth_type",
        "connection_url",
        "disable_escaping",
        "max_connection_lifetime",
        "max_idle_connections",
        "max_open_connections",
        "password",
        "password_authentication",
        "private_key",
        "service_account_json",
        "tls_ca",
        "tls_certificate",
        "username",
        "username_template",
    },
}

Operations = dict[tuple[str, str], set[str] | None]


@pytest.fixture(scope="module")
def operations(world: World) -> Operations:
    """Return the fields by verb and path, the names in paths made equal."""
    for kind in ("jwt", "kubernetes", "kv", "transit", "pki", "database", "aws"):
        assert getattr(world, kind)
    document = world.vault.read("sys/internal/specs/openapi?generic_mount_paths=false")
    return {
        (verb, _shape(path)): _fields(document, operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
        if verb in VERBS.values()
    }


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).strip("/")


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> set[str] | None:
    """Return the fields; None where an external plugin, whose fields the server does not pass on, takes some."""
    named = {parameter["name"] for parameter in operation.get("parameters", [])}
    if "requestBody" not in operation:
        return named
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    if "$ref" in body:
        body = document["components"]["schemas"][body["$ref"].rsplit("/", 1)[-1]]
    return named | set(body["properties"]) if "properties" in body else None


def _mounted(world: World, row: Row, operation: str) -> str:
    """Return the operation's path with a mount of the right kind in the place of the mount's name."""
    module = row.type.split(":")[1].split("/")[0].removesuffix("Secret")
    path = operation.split(" ", 1)[1]
    for name in ("backend", "mount", "at", "path"):
        if not path.startswith("sys/") and f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", getattr(world, module)[0])
    return path


@ROW
def test_paths_and_fields_are_vaults(world: World, operations: Operations, row: Row) -> None:
    for step in steps(row):
        if not isinstance(step, Call):
            continue
        verb, path = VERBS[step.operation.split(" ", 1)[0]], _shape(_concrete(_mounted(world, row, step.operation)))
        assert (verb, path) in operations, f"{step.operation}: no such operation at {path}"
        found = operations[verb, path]
        if found is None:
            # The client makes an error of the warning with which Vault ignores a field: every update is tested.
            assert row.type.split(":")[1].split("/")[0] in EXTERNAL
            continue
        sent = set(step.members)
        if step.by_name:
            sent |= {name for name in _by_name(row, step) if name is not None}
        unknown = sent - found - FREE.get(step.operation, set())
        assert not unknown, f"{step.operation}: {sorted(unknown)}"


def _concrete(path: str) -> str:
    """Return a path in which a value the document spells out stands for its name."""
    return path.replace("generate/root/{type}", "generate/root/{exported}")


def _by_name(row: Row, step: Call) -> Iterator[str | None]:
    names = step.on or (tuple(row.properties) if step in row.create else ())
    for name in names:
        prop = row.properties[name]
        if not prop.local:
            yield API.member("", step.operation, "", prop.member or name)


def test_each_name_in_a_path_is_one_of_the_row() -> None:
    for row in ROWS.values():
        known = {*row.properties, *row.derived, *BRACES.findall(row.identity), "id"}
        for step in steps(row):
            if isinstance(step, Call):
                assert set(BRACES.findall(step.operation)) <= known
