"""A provider's configuration as the engine sends it: opened, and checked against the SDK's names and kinds."""

from __future__ import annotations

import json
from collections.abc import Collection

from idp.loopback.provider import schema
from idp.loopback.provider.checking import check_kind, nearest
from idp.loopback.provider.values import Properties, Value

_INTERNAL = ("version", "pluginDownloadURL", "__internal")
"""Keys the engine adds by itself."""


def opened(package: str, raw: Properties) -> Properties:
    """Return the values by key; the SDK sends all but strings as JSON text."""
    kinds = schema.provider(package)
    result = {}
    for key, value in raw.items():
        if key in _INTERNAL:
            continue
        structured = key in kinds and kinds[key].name != "string"
        result[key] = _from_json(value) if structured and isinstance(value, str) else value
    return result


def check(
    package: str, values: Properties, supported: Collection[str], required: Collection[str]
) -> list[tuple[str, str]]:
    """Return what is wrong with names, kinds and required keys of an opened configuration: key and reason."""
    kinds = schema.provider(package)
    findings = []
    for key, value in values.items():
        if key not in kinds:
            findings.append((key, f"unknown key{nearest(key, kinds)}"))
        elif key not in supported:
            findings.append((key, f"not supported; this provider takes {', '.join(sorted(supported))}"))
        else:
            findings.extend((item.path, item.reason) for item in check_kind(key, value, kinds[key]))
    findings.extend((key, "required, but missing") for key in required if values.get(key) in (None, ""))
    return findings


def _from_json(text: str) -> Value:
    try:
        value: Value = json.loads(text)
    except ValueError:
        return text
    return value
