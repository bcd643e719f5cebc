"""From the engine's messages to plain data.

Values that JSON does not have travel as objects with a signature, or as text that stands for `not known`; the names are
those of sdk/go/common/resource (sig/sig.go) and sdk/go/common/resource/plugin (rpc.go) in pulumi/pulumi.
"""

from __future__ import annotations

from typing import TypeAlias

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2

from policies.plain import UNKNOWN, Plain
from policies.rule import Provider, Resource

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a type tag of the protocol, not a secret)
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"

UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


Sent: TypeAlias = "analyzer_pb2.AnalyzeRequest | analyzer_pb2.AnalyzerResource"


DEEPEST = 200
"""Levels of nesting that are certainly read; Python's stack ends at twice as many."""


class UnreadableError(Exception):
    """A value that this pack cannot read. The text quotes nothing of it."""


def resource(sent: Sent) -> Resource:
    """Return a resource with its properties as plain data. Raises UnreadableError.

    The provider's properties are left where they are: they hold credentials, and no rule may see them.
    """
    provider = Provider(sent.provider.type, sent.provider.name) if sent.HasField("provider") else None
    try:
        return Resource(sent.type, sent.name, properties(sent.properties), sent.urn, provider)
    except RecursionError:
        raise UnreadableError(f"properties are nested too deep; allowed are {DEEPEST} levels") from None


def properties(struct: struct_pb2.Struct) -> dict[str, Plain]:
    """Return an object's members as plain data: whole numbers as int, secrets opened, assets as None.

    Raises UnreadableError.
    """
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: struct_pb2.Value) -> Plain:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text: str = value.string_value
        return UNKNOWN if text in UNKNOWNS else text
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            return _signed(fields[SIGNATURE].string_value, value.struct_value)
        return {key: _plain(each) for key, each in fields.items()}
    if kind == "list_value":
        return [_plain(each) for each in value.list_value.values]
    if kind == "bool_value":
        return bool(value.bool_value)
    if kind == "number_value":
        number: float = value.number_value
        return int(number) if number.is_integer() else number
    return None


def _signed(signature: str, struct: struct_pb2.Struct) -> Plain:
    fields = struct.fields
    if signature == SECRET and "value" in fields:
        return _plain(fields["value"])
    if signature == OUTPUT:
        return _plain(fields["value"]) if "value" in fields else UNKNOWN
    if signature == RESOURCE and "urn" in fields:
        # Without such references the engine sends the id, or the URN of what has none: rules see the same.
        return _plain(fields["id" if "id" in fields else "urn"])
    if signature in (ASSET, ARCHIVE):
        # No rule reads files, and a rule that expects text must not take one for it.
        return None
    raise UnreadableError("a property is of a kind that is not known; allowed are those of Pulumi's wire format")
