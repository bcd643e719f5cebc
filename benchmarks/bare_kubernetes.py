"""A layer's resources as a bare Pulumi program: the same objects as literals, no component, no environment file.

Two programs cannot own the same objects on one cluster, so the bare ones have names of their own: everything that
is not in a namespace, namespaces included, gets a prefix, wherever its name is mentioned.
"""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from benchmarks.engine import Engine, Program
from idp.errors import IdpError

PREFIX = "bare-"

_TOKEN = re.compile(r"kubernetes:(?P<group>[^/:]+)/(?P<version>[^/:]+):(?P<kind>\w+)")
_PROVIDER = "pulumi:providers:kubernetes"
_NOT_ARGUMENTS = {"apiVersion", "kind", "__internal", "version"}
"""Inputs that the SDK sets by itself."""

SETTINGS = """\
name: bare-{layer}
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: {virtualenv}
"""


def stand_up(engine: Engine, layer: str, report: Callable[[str], None]) -> Program:
    """Bring the bare program of a layer up, on the same cluster with a state of its own.

    It goes with the copy's cluster; nothing else holds anything of it.
    """
    root = engine.checkout.parent
    folder, state = root / f"bare-{layer}", root / "state"
    folder.mkdir()
    state.mkdir(exist_ok=True)
    text = source(engine.resources(layer))
    (folder / "Pulumi.yaml").write_text(SETTINGS.format(layer=layer, virtualenv=engine.checkout / ".venv"))
    (folder / "__main__.py").write_text(text)
    pack = engine.checkout / "benchmarks/empty_pack"
    program = Program(folder, layer, {"PULUMI_BACKEND_URL": f"file://{state}"}, pack)
    report(f"{layer}: bare program of {text.count('ResourceOptions(')} resources, bringing it up")
    engine.pulumi(program, "stack", "init", "--non-interactive")
    engine.pulumi(program, "up", "--yes", "--skip-preview", "--non-interactive")
    return program


def source(resources: Sequence[Mapping[str, Any]]) -> str:
    """Return a Python program that declares the objects of a layer's state, in its order.

    Components, references to other stacks and the stack itself have no counterpart. Raises `IdpError` on a resource
    of another provider.
    """
    objects = [found for found in resources if found.get("custom") and not found["type"].startswith("pulumi:")]
    provider = next(found for found in resources if found["type"] == _PROVIDER)
    names = _cluster_names(objects)
    declared = {found["urn"]: f"r{index}" for index, found in enumerate(objects)}
    lines = ["import pulumi", "from pulumi_kubernetes import Provider"]
    lines += _imports(objects)
    lines.append(f"cluster = Provider('cluster', {_arguments(provider['inputs'], {})})")
    for found in objects:
        needed = ", ".join(declared[urn] for urn in found.get("dependencies") or () if urn in declared)
        # Numbered: in the layer the parents' types keep equal names apart.
        name = f"{found['urn'].rsplit('::', 1)[-1]}-{declared[found['urn']]}"
        lines.append(
            f"{declared[found['urn']]} = {_kind(found['type'])[1]}({name!r}, {_arguments(found['inputs'], names)}, "
            f"opts=pulumi.ResourceOptions(provider=cluster, depends_on=[{needed}]))"
        )
    return "\n".join(lines) + "\n"


def _imports(objects: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    kinds: dict[str, set[str]] = defaultdict(set)
    for found in objects:
        module, kind = _kind(found["type"])
        kinds[module].add(kind)
    for module, names in sorted(kinds.items()):
        yield f"from {module} import {', '.join(sorted(names))}"


def _kind(token: str) -> tuple[str, str]:
    """Return module and class of a type: `pulumi_kubernetes.rbac.v1`, `Role`."""
    parts = _TOKEN.fullmatch(token)
    if parts is not None:
        module = f"pulumi_kubernetes.{parts['group'].partition('.')[0]}.{parts['version']}"
        with suppress(ModuleNotFoundError):
            importlib.import_module(module)
            return module, parts["kind"]
    raise IdpError(f"{token}: the benchmark knows no bare counterpart; allowed are Kubernetes' own types")


def _cluster_names(objects: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    metadata = [found["inputs"]["metadata"] for found in objects]
    return {each["name"]: PREFIX + each["name"] for each in metadata if "namespace" not in each} | {
        each["namespace"]: PREFIX + each["namespace"] for each in metadata if "namespace" in each
    }


def _arguments(inputs: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return ", ".join(
        f"{snake(key)}={_renamed(value, names)!r}" for key, value in inputs.items() if key not in _NOT_ARGUMENTS
    )


def snake(name: str) -> str:
    """Return the SDK's name of a property."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: _renamed(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return value
