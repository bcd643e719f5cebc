"""Exported states and previews of Pulumi to resources: `pulumi stack export`, `pulumi preview --json`.

A state marks secrets and holds them sealed; a preview says `[secret]` in their place. Either way they are not known
here, and neither is what the engine has yet to find out. What is marked otherwise stays unknown rather than guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator

from environments.yamltree import Node, Unreadable
from idp.check.documents import from_json
from idp.check.found import Found, refused, text_at, words
from idp.check.jsontext import NotJson
from policies.plain import UNKNOWN, Plain
from policies.rule import Provider, Resource

# sdk/go/common/resource/sig and sdk/go/common/resource/plugin/rpc.go of pulumi.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - how one is marked, not one itself
_FILES = {"c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"}
"""An asset and an archive: no rule reads them, and none may take one for text."""
_UNKNOWN = {
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}
_MASKED = "[secret]"

_GONE = {"delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace"}
"""Steps after which the resource is no longer the stack's."""


def is_state(root: Node) -> bool:
    """Tell whether a document is an exported state."""
    below = root.keys.get("deployment") if root.keys is not None else None
    return below is not None and below.keys is not None and not below.keys.keys().isdisjoint({"resources", "manifest"})


def is_preview(root: Node) -> bool:
    """Tell whether a document is a preview; pipelines of others have steps, too, but none with a URN."""
    steps = (root.keys or {}).get("steps")
    if steps is None or not steps.entries:
        return "changeSummary" in (root.keys or {})
    return all(step.keys is not None and {"op", "urn"} <= step.keys.keys() for step in steps.entries)


def state(root: Node) -> Iterator[Found]:
    """Yield the resources of an exported state that are not about to be deleted; raises Unreadable."""
    place = ("deployment", "resources")
    below = (root.keys or {})["deployment"]
    for index, node in enumerate(_entries(below, *place)):
        if not _is_true(node, "delete"):
            yield _found(node, (*place, index))


def preview(root: Node) -> Iterator[Found]:
    """Yield each resource as it will be after the update, once; raises Unreadable, also for a preview that failed."""
    seen: set[str] = set()
    for index, step in enumerate(_entries(root, "steps")):
        after = step.keys.get("newState") if step.keys is not None else None
        if after is None or after.keys is None or text_at(step, "op") in _GONE:
            continue
        # A replacement has several steps for one resource.
        found = _found(after, ("steps", index, "newState"))
        if found.identity not in seen:
            seen.add(found.identity)
            yield found
    for index, told in enumerate(_entries(root, "diagnostics")):
        if text_at(told, "severity") == "error":
            message = "tells of an error; allowed is the preview of a program that ran to its end"
            raise refused(told, message, "diagnostics", index)


def _entries(node: Node, *place: str) -> list[Node]:
    below = node.keys.get(place[-1]) if node.keys is not None else None
    if below is None or (below.entries is None and below.keys is None and below.value is None):
        return []
    if below.entries is None:
        raise refused(below, "is no list; allowed is a list as the engine writes it", *place)
    return below.entries


def _found(node: Node, place: tuple[str | int, ...]) -> Found:
    urn, type_token = (_text(node, place, key) for key in ("urn", "type"))
    name = words(urn.split("::", 3)[-1])
    inputs = node.keys.get("inputs", node) if node.keys is not None else node
    provider = _provider(text_at(node, "provider"))
    given = _mapping(node, "inputs")
    made = _mapping(node, "outputs")
    protect = _is_true(node, "protect")
    resource = Resource(type_token, name, given or {}, urn, provider, protect=protect)
    # A preview knows no outputs of what is yet to be made.
    stacked = Resource(type_token, name, given or {} if made is None else made, urn, provider, protect=protect)
    namespace = words(text_at(inputs, "metadata", "namespace"))
    kind = words(type_token.rpartition(":")[2])
    return Found(resource, stacked, inputs, node.line, kind, namespace, urn, not _is_true(node, "external"))


def _text(node: Node, place: tuple[str | int, ...], key: str) -> str:
    value = text_at(node, key)
    if not value:
        raise refused(node, "is missing or no text; allowed is a resource as the engine writes it", *place, key)
    return value


def _is_true(node: Node, key: str) -> bool:
    value = node.keys.get(key) if node.keys is not None else None
    return value is not None and value.value is True


def _provider(reference: str) -> Provider | None:
    """Return the provider that a reference such as `urn:...::pulumi:providers:kubernetes::cluster::ID` names."""
    parts = reference.split("::")
    return Provider(parts[2].rpartition("$")[2], parts[3]) if len(parts) > 3 else None


def _mapping(node: Node, key: str) -> dict[str, Plain] | None:
    below = node.keys.get(key) if node.keys is not None else None
    if below is None or below.keys is None:
        return None
    value = _plain(below)
    return value if isinstance(value, dict) else None


def _plain(node: Node) -> Plain:
    if node.keys is not None:
        if _SIGNATURE in node.keys:
            return _marked(node)
        return {key: _plain(inner) for key, inner in node.keys.items()}
    if node.entries is not None:
        return [_plain(entry) for entry in node.entries]
    value = node.value
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWN or value == _MASKED else value
    return value if value is None or isinstance(value, bool | int | float) else None


def _marked(node: Node) -> Plain:
    signature = text_at(node, _SIGNATURE)
    if signature in _FILES:
        return None
    if signature != _SECRET:
        return UNKNOWN
    # `--show-secrets`: JSON in a text.
    try:
        (value,) = from_json(text_at(node, "plaintext"))
    except (NotJson, Unreadable, ValueError):
        return UNKNOWN
    return _plain(value)
