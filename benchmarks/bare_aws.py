"""The foundation's resources as a bare Pulumi program, over a copy of the foundation's own state.

Two programs can't own the same account, and ids as literals exist in one account only. A preview without a refresh
compares program and state and looks at nothing else: so the bare program gets a state that says what ours says.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.bare_kubernetes import SETTINGS, snake
from benchmarks.engine import Engine, Program
from idp.errors import IdpError

Resource = Mapping[str, Any]

PROVIDER = "pulumi:providers:aws"
STACK = "pulumi:pulumi:Stack"
NAME = "account"


def stand_up(engine: Engine, layer: str, report: Callable[[str], None]) -> Program:
    """Lay the bare program and its state out; nothing is created anywhere."""
    root = engine.checkout.parent
    folder, state = root / f"bare-{layer}", root / "state"
    folder.mkdir()
    state.mkdir(exist_ok=True)
    exported = json.loads(engine.pulumi(engine.layer(layer), "stack", "export", "--show-secrets"))
    resources = exported["deployment"]["resources"]
    text = source(resources)
    (folder / "Pulumi.yaml").write_text(SETTINGS.format(layer=layer, virtualenv=engine.checkout / ".venv"))
    (folder / "__main__.py").write_text(text)
    pack = engine.checkout / "benchmarks/empty_pack"
    program = Program(folder, layer, {"PULUMI_BACKEND_URL": f"file://{state}"}, pack)
    report(f"{layer}: bare program of {text.count('ResourceOptions(')} resources, over a copy of the state")
    engine.pulumi(program, "stack", "init", "--non-interactive")
    bare = {**exported, "deployment": {**exported["deployment"], "resources": states(resources, layer)}}
    draft = folder / "state.json"
    draft.write_text(json.dumps(bare))
    engine.pulumi(program, "stack", "import", "--file", str(draft))
    draft.unlink()
    return program


def source(resources: Sequence[Resource]) -> str:
    """Return a Python program that declares the AWS resources of a state, in its order; components have no counterpart.

    Raises `IdpError` on a resource of another provider.
    """
    provider = next(found for found in resources if found["type"] == PROVIDER)
    names = _names(resources)
    lines = ["import pulumi", "import pulumi_aws", f"account = pulumi_aws.Provider({NAME!r}, {_settings(provider)})"]
    for found in _objects(resources):
        needed = ", ".join(names[urn] for urn in found.get("dependencies") or () if urn in names)
        kind = _kind(found["type"])
        lines.append(
            f"{names[found['urn']]} = {kind}({names[found['urn']]!r}, {_arguments(found)}, "
            f"opts=pulumi.ResourceOptions(provider=account, depends_on=[{needed}]))"
        )
    return "\n".join(lines) + "\n"


def states(resources: Sequence[Resource], layer: str) -> list[dict[str, Any]]:
    """Return the state that the bare program would have after an `up`."""
    stack = f"urn:pulumi:{layer}::bare-{layer}::{STACK}::bare-{layer}-{layer}"
    old = next(found for found in resources if found["type"] == PROVIDER)
    provider = {**_plain(old), "urn": _urn(layer, PROVIDER, NAME), "parent": stack}
    names = _names(resources)
    reference = f"{provider['urn']}::{old['id']}"
    return [
        {"urn": stack, "custom": False, "type": STACK},
        provider,
        *(
            {
                **_plain(found),
                "urn": _urn(layer, found["type"], names[found["urn"]]),
                "parent": stack,
                "provider": reference,
            }
            for found in _objects(resources)
        ),
    ]


def _plain(found: Resource) -> dict[str, Any]:
    """Return a resource's state without what ties it to others, or guards it."""
    ties = ("parent", "dependencies", "propertyDependencies", "protect", "provider", "aliases", "ignoreChanges")
    return {key: value for key, value in found.items() if key not in ties}


def _urn(layer: str, token: str, name: str) -> str:
    return f"urn:pulumi:{layer}::bare-{layer}::{token}::{name}"


def _objects(resources: Sequence[Resource]) -> list[Resource]:
    return [found for found in resources if found.get("custom") and not found["type"].startswith("pulumi:")]


def _names(resources: Sequence[Resource]) -> dict[str, str]:
    # Numbered: in the layer the parents' types keep equal names apart.
    return {found["urn"]: f"r{index}" for index, found in enumerate(_objects(resources))}


def _kind(token: str) -> str:
    parts = token.split(":")
    if parts[0] != "aws":
        raise IdpError(f"{token}: the benchmark knows no bare counterpart; allowed are AWS types")
    return f"pulumi_aws.{parts[1].partition('/')[0]}.{parts[2]}"


def _settings(provider: Resource) -> str:
    """Return the provider's arguments: the SDK keeps all but text as JSON in the state."""
    given = {key: _parsed(value) for key, value in provider["inputs"].items() if key not in ("version", "__internal")}
    return ", ".join(f"{snake(key)}={value!r}" for key, value in given.items())


def _parsed(value: object) -> object:
    if isinstance(value, Mapping):
        # A secret, in the clear: the emulator's credentials are made up.
        return json.loads(value["plaintext"])
    try:
        parsed = json.loads(str(value))
    except ValueError:
        return value
    return parsed if isinstance(parsed, bool | list | dict) else value


def _arguments(found: Resource) -> str:
    """Return what the SDK's class takes of a resource's inputs; the plugin adds others, such as `tagsAll`."""
    _, module, kind = _kind(found["type"]).split(".")
    known = inspect.signature(getattr(importlib.import_module(f"pulumi_aws.{module}"), kind)._internal_init).parameters
    return ", ".join(f"{snake(key)}={value!r}" for key, value in found["inputs"].items() if snake(key) in known)
