"""The baseline: findings that were there before the policies, as JSON that people can read and compare."""

from __future__ import annotations

import json
from collections.abc import Iterable

from policies.enforcer import Known
from policies.fingerprint import fingerprint
from policies.urn import parsed

VERSION = 1
_KEYS = frozenset({"control", "urn", "fingerprint", "findings"})


def written(entries: Iterable[Known]) -> str:
    """Return the file, sorted by URN and control: two of the same findings are equal to the byte."""
    findings = [
        {**vars(one), "fingerprint": fingerprint(one.urn, one.control)}
        for one in sorted(entries, key=lambda one: (one.urn, one.control))
    ]
    return json.dumps({"version": VERSION, "findings": findings}, indent=2, ensure_ascii=False) + "\n"


def read(text: str) -> tuple[Known, ...]:
    """Return what the file lists; raises ValueError, with place and what is allowed, where it is no baseline."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON; allowed: what `idp policy baseline` writes") from None
    if not isinstance(data, dict) or set(data) != {"version", "findings"} or data["version"] != VERSION:
        raise ValueError(f"allowed: a mapping of version ({VERSION}) and findings, as `idp policy baseline` writes it")
    if not isinstance(data["findings"], list):
        raise ValueError("findings: allowed: a list")
    entries = [_entry(one, f"findings[{position}]") for position, one in enumerate(data["findings"])]
    if len({(one.urn, one.control) for one in entries}) < len(entries):
        raise ValueError("findings: allowed: each control once for a URN")
    return tuple(entries)


def _entry(value: object, place: str) -> Known:
    if not isinstance(value, dict) or set(value) != _KEYS:
        raise ValueError(f"{place}: allowed: a mapping of {', '.join(sorted(_KEYS))}")
    control, urn, count = value["control"], value["urn"], value["findings"]
    if not isinstance(control, str) or not isinstance(urn, str) or parsed(urn) is None:
        raise ValueError(f"{place}: allowed: a control and a URN")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ValueError(f"{place}.findings: allowed: a whole number from 1")
    if value["fingerprint"] != fingerprint(urn, control):
        raise ValueError(f"{place}.fingerprint: allowed: that of the entry's URN and control")
    return Known(control, urn, count)
