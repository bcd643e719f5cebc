"""What was unknown before an update, filled from what the update made."""

from __future__ import annotations

from policies.plain import UNKNOWN, Plain


def settled(wanted: dict[str, Plain], real: dict[str, Plain]) -> dict[str, Plain]:
    """Return inputs with each unknown value replaced by what stands at the same place of the outputs.

    Known values stay: they were judged already, and outputs need not repeat them. What the outputs do not have, or have
    in a list of another length, stays unknown.
    """
    return {key: _settled(value, real.get(key)) for key, value in wanted.items()}


def _settled(wanted: Plain, real: Plain) -> Plain:
    if wanted is UNKNOWN:
        return UNKNOWN if real is None else real
    if isinstance(wanted, dict):
        return settled(wanted, real if isinstance(real, dict) else {})
    if isinstance(wanted, list):
        same = real if isinstance(real, list) and len(real) == len(wanted) else [None] * len(wanted)
        return [_settled(each, other) for each, other in zip(wanted, same, strict=True)]
    return wanted
