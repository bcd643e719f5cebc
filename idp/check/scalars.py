"""What a plain scalar of YAML stands for, as the clients of the Kubernetes API take it.

They read YAML with go-yaml 2 (`resolve.go` there), which knows `y` and `off` as booleans and no base 60; another
reading here would judge another object than the one that is applied.
"""

from __future__ import annotations

import math
import re

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}

_WHOLE = re.compile(
    "(?P<sign>[-+]?)(?:(?P<ten>0|[1-9][0-9]*)|0[xX](?P<sixteen>[0-9a-fA-F]+)|0[bB](?P<two>[01]+)|0[oO]?(?P<eight>[0-7]+))"
)
_BASES = {"ten": 10, "sixteen": 16, "two": 2, "eight": 8}
_BROKEN = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

_LONGEST = 70
"""Characters of a whole number: 64 bits in base 2, a sign and a prefix. A longer one is no whole number to go-yaml."""


def plain(text: str) -> bool | int | float | str | None:
    """Return the value of an unquoted scalar; what is no word or number of YAML is the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    digits = text.replace("_", "")
    if len(digits) <= _LONGEST and (found := _WHOLE.fullmatch(digits)):
        base = found.lastgroup or "ten"
        value = int(found["sign"] + found[base], _BASES[base])
        if -(2**63) <= value < 2**64:
            return value
    return _float(digits, text)


def _float(digits: str, text: str) -> float | str:
    if _BROKEN.fullmatch(digits) is None:
        return text
    value = float(digits)
    return text if math.isinf(value) else value
