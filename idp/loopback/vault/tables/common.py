"""What rows of several engines share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from idp.loopback.provider.table import Call, Prop, Row
from idp.loopback.provider.values import Value

row = partial(Row, service="vault", regional=False)

NAMESPACE = ("namespace",)
"""Refused everywhere: namespaces are Vault Enterprise's."""

TEXT = Prop(default="")
NUMBER = Prop(default=0)
FLAG = Prop(default=False)
ON = Prop(default=True)
LIST = Prop(default=[])
MAP = Prop(default={})
KEPT = Prop(kept=True)
LOCAL = Prop(local=True)
UNTOLD = Prop(out=None)
"""Sent, and never told by the server."""

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d+)?)(d|h|ms|us|µs|ns|m|s)")


def named(prop: Prop, names: str) -> dict[str, Prop]:
    """Return the same property under several names."""
    return dict.fromkeys(names.split(), prop)


def engine_role(type_: str, properties: Mapping[str, Prop]) -> Row:
    """Return the row of an engine's roles: one path for all operations, every property of its own in the update."""
    path = "{backend}/roles/{name}"
    return row(
        type=type_,
        identity=path,
        create=(Call(f"POST {path}"),),
        read=(Call(f"GET {path}"),),
        update=(Call(f"POST {path}", on=tuple(properties)),),
        delete=(Call(f"DELETE {path}"),),
        properties={"backend": Prop(out="$backend"), "name": Prop(out="$name"), **properties},
        absent=NAMESPACE,
        autoname="name",
        unique=("backend", "name"),
    )


def seconds(value: Value) -> Value:
    """Return a duration (`1h30m`, `5400`, 5400) in whole seconds; what is none stays as it is."""
    text = str(value).strip()
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.lstrip("-"):
        return value
    total = int(sum(float(number) * _UNITS[unit] for number, unit in parts))
    return -total if text.startswith("-") else total


DURATION = Prop(default="0", normal=seconds)
"""Written as text, told in seconds."""

TOKEN = {
    **named(LIST, "tokenBoundCidrs tokenPolicies"),
    **named(NUMBER, "tokenExplicitMaxTtl tokenMaxTtl tokenNumUses tokenPeriod tokenTtl"),
    "tokenNoDefaultPolicy": FLAG,
    "tokenType": Prop(default="default"),
}
"""What the tokens of a role can do, the same for all auth methods."""


def joined(value: Value) -> Value:
    """Return a list as Vault's oldest fields want it."""
    return ",".join(str(item) for item in value) if isinstance(value, list) else value


def stripped(value: Value) -> Value:
    """Return text, or each text of a list, without white space around it, which Vault cuts off PEM documents."""
    return [str(item).strip() for item in value] if isinstance(value, list) else str(value).strip()


PEM = Prop(default="", normal=stripped)
PEMS = Prop(default=[], normal=stripped)
