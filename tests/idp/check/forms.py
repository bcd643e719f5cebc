"""One resource in every form that a file can give it: manifest, exported state, preview."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import yaml

from idp.check.judge import Exempted, Judged, nothing_exempted
from idp.check.run import Report, check
from policies.catalogue import Catalogue
from policies.plain import UNKNOWN, Plain
from policies.rule import Resource, Rule, StackRule
from policies.settings import NOTHING, Settings

TOKEN = re.compile(r"kubernetes:(?P<group>[^/:]+)/(?P<version>[^/:]+):(?P<kind>\w+)")
NOT_KNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SEALED = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "v1:bm90IGEgc2VjcmV0",
}
MASKED = "[secret]"

Objects = Sequence[Resource]


def checked(
    folder: Path,
    files: dict[str, str | bytes],
    catalogue: Catalogue,
    exempted: Exempted = nothing_exempted,
    notes: list[str] | None = None,
    settings: Settings = NOTHING,
) -> Report:
    """Write the files and check the folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return check([str(folder)], catalogue, BytesIO(), (notes if notes is not None else []).append, exempted, settings)


def manifest(resource: Resource) -> dict[str, object] | None:
    """Return the object as a manifest; None for what has none: patches, other providers' resources."""
    parts = TOKEN.fullmatch(resource.type)
    if parts is None or parts["kind"].endswith("Patch") or UNKNOWN in _leaves(resource.props):
        return None
    group = "" if parts["group"] == "core" else f"{parts['group']}/"
    return {"apiVersion": f"{group}{parts['version']}", "kind": parts["kind"], **resource.props}


def _leaves(value: Plain) -> list[Plain]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value]


class _Dumper(yaml.SafeDumper):
    """Writes values out where they repeat."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _yaml(found: Sequence[dict[str, object]], *, flow: bool = False) -> str:
    return yaml.dump_all(found, Dumper=_Dumper, default_flow_style=flow, sort_keys=False)


def state(resources: Objects, hidden: object = SEALED) -> str:
    """Return an exported state; what is unknown is `hidden`."""
    rows = [_row(resource, hidden, number) for number, resource in enumerate(resources)]
    return json.dumps({"version": 3, "deployment": {"manifest": {}, "resources": rows}}, indent=1)


def preview(resources: Objects, hidden: object = NOT_KNOWN) -> str:
    """Return a preview; what is unknown is `hidden`."""
    rows = [_row(resource, hidden, number) for number, resource in enumerate(resources)]
    steps = [{"op": "create", "urn": row["urn"], "newState": row, "detailedDiff": None} for row in rows]
    return json.dumps({"steps": steps, "changeSummary": {"create": len(steps)}}, indent=1)


def _row(resource: Resource, hidden: object, number: int) -> dict[str, object]:
    provider = resource.provider
    props = _shown(resource.props, hidden)
    return {
        "urn": f"urn:pulumi:dev.platform::idp::{resource.type}::{resource.name}-{number}",
        "custom": True,
        "protect": resource.protect is not False,
        "type": resource.type,
        "inputs": props,
        "outputs": props,
        "provider": f"urn:pulumi:dev.platform::idp::{provider.type}::{provider.name}::1-2-3" if provider else "",
    }


def _shown(value: Plain, hidden: object) -> object:
    if isinstance(value, dict):
        return {key: _shown(inner, hidden) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shown(inner, hidden) for inner in value]
    return hidden if value is UNKNOWN else value


def _whole(render: Callable[[Sequence[dict[str, object]]], str]) -> Callable[[Objects], str | None]:
    def form(resources: Objects) -> str | None:
        found = [manifest(resource) for resource in resources]
        whole = [one for one in found if one is not None]
        return render(whole) if len(whole) == len(found) else None

    return form


def _listed(found: Sequence[dict[str, object]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": found}, indent=1)


MANIFESTS: dict[str, Callable[[Objects], str | None]] = {
    "yaml": _whole(_yaml),
    "flow.yaml": _whole(lambda found: _yaml(found, flow=True)),
    "json": _whole(lambda found: "\n".join(json.dumps(one) for one in found)),
    "list.json": _whole(_listed),
    "list.yaml": _whole(lambda found: _yaml([{"apiVersion": "v1", "kind": "List", "items": list(found)}])),
}
PULUMI: dict[str, Callable[[Objects], str | None]] = {
    "state.json": state,
    "state.yml": lambda found: state(found, NOT_KNOWN),
    "preview.json": preview,
    "preview.yml": lambda found: preview(found, MASKED),
}
FORMS = {**MANIFESTS, **PULUMI}


@dataclass(frozen=True)
class Sample:
    """A sample of a rule."""

    rule: Rule | StackRule
    resources: tuple[Resource, ...]
    fails: bool


def samples(catalogue: Catalogue) -> Iterator[Sample]:
    """Yield every sample of every rule."""
    for rule in catalogue.rules:
        for fails, found in ((False, rule.passing), (True, rule.failing)):
            for sample in found:
                yield Sample(rule, (sample,) if isinstance(sample, Resource) else sample, fails)


def findings(judged: Sequence[Judged]) -> list[tuple[str, str, str]]:
    """Return control, verdict and path of all that was said, whichever resource it was said about."""
    return sorted(
        (said.control, verdict, said.path)
        for one in judged
        for verdict, found in (("fail", one.violations), ("unknown", one.unknown))
        for said in found
    )
