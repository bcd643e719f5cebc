"""When two values of a property are the same, and what differs when they are not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from idp.loopback.provider.table import Prop
from idp.loopback.provider.values import Properties, Value, contains_unknown


@dataclass(frozen=True)
class Change:
    """A place that differs."""

    path: str
    """Dotted, list positions in brackets: `vpcConfig.subnetIds[0]`."""
    kind: str
    """`add`, `delete` or `update`."""

    @property
    def top(self) -> str:
        """The property it is in."""
        return self.path.split(".")[0].split("[")[0]


def effective(properties: Mapping[str, Prop], inputs: Mapping[str, Value]) -> Properties:
    """Return `inputs` with everything that an absent value means."""
    result = dict(inputs)
    for name, prop in properties.items():
        if result.get(name) is None and prop.default is not None:
            result[name] = prop.default
        if isinstance(value := result.get(name), (Mapping, list)):
            for path, default in prop.defaults.items():
                value = _with_default(value, path.split("."), default)
            result[name] = value
    return result


def changes(name: str, prop: Prop, old: Value, new: Value) -> list[Change]:
    """Return where `old` and `new` (both effective) of a property differ; nothing if they are the same."""
    if prop.version or (is_empty(new) and prop.kept) or same(prop, old, new):
        return []
    found = list(_differences(name, old, _keep(prop, old, new)))
    return found or [Change(name, "update")]


def same(prop: Prop, old: Value, new: Value) -> bool:
    """Return whether two values of a property mean the same."""
    if contains_unknown(new) or contains_unknown(old):
        return False
    return normal(prop, old) == normal(prop, _keep(prop, old, new))


def normal(prop: Prop, value: Value) -> str:
    """Return the form in which two spellings of one value are equal."""
    return json.dumps(_normal(prop.normal(value) if prop.normal and value is not None else value), sort_keys=True)


def added(old: Value, new: Value) -> Value:
    """Return what is in the list `new` and not in `old`; of mappings: the keys."""
    before = list(old) if isinstance(old, (Mapping, list)) else []
    return [item for item in new if item not in before] if isinstance(new, (Mapping, list)) else []


def changed_entries(old: Value, new: Value) -> Value:
    """Return the entries of the mapping `new` that `old` does not have alike."""
    before = old if isinstance(old, Mapping) else {}
    entries = new if isinstance(new, Mapping) else {}
    return {key: value for key, value in entries.items() if before.get(key) != value}


def _normal(value: Value) -> Value:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        return _normal_document(value)
    if isinstance(value, Mapping):
        cleaned = {key: _normal(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if not is_empty(item)} or None
    if isinstance(value, list):
        # The services' lists are sets nearly everywhere, answered in any order.
        return sorted((_normal(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True)) or None
    return None if is_empty(value) else value


def _normal_document(text: str) -> Value:
    try:
        return {"document": json.dumps(json.loads(text), sort_keys=True)}
    except ValueError:
        return text


def is_empty(value: Value) -> bool:
    """Return whether a value says nothing."""
    return value is None or value in ("", [], {})


def _keep(prop: Prop, old: Value, new: Value) -> Value:
    """Return `new` with those members of `old` for which absent means "as it is"."""
    for path in prop.kept_inside:
        new = _keep_path(path.split("."), old, new)
    return new


def _keep_path(path: list[str], old: Value, new: Value) -> Value:
    if isinstance(new, list) and isinstance(old, list):
        pairs = [*old, *([None] * (len(new) - len(old)))]
        return [_keep_path(path, before, item) for before, item in zip(pairs, new, strict=False)]
    if not isinstance(new, Mapping) or not isinstance(old, Mapping) or old.get(path[0]) is None:
        return new
    if len(path) == 1:
        return new if new.get(path[0]) is not None else {**new, path[0]: old[path[0]]}
    if path[0] not in new:
        return new
    return {**new, path[0]: _keep_path(path[1:], old[path[0]], new[path[0]])}


def _with_default(value: Value, path: list[str], default: Value) -> Value:
    if isinstance(value, list):
        return [_with_default(item, path, default) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(path) == 1:
        return value if value.get(path[0]) is not None else {**value, path[0]: default}
    inner = value.get(path[0])
    return value if inner is None else {**value, path[0]: _with_default(inner, path[1:], default)}


def _differences(path: str, old: Value, new: Value) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _differences(f"{path}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _differences(f"{path}[{index}]", before, after)
    elif contains_unknown(new) or _normal(old) != _normal(new):
        yield Change(path, "add" if is_empty(old) else "delete" if is_empty(new) else "update")
