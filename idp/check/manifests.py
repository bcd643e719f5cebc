"""Kubernetes manifests to resources, under the type tokens that Pulumi's provider gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from environments.yamltree import Node
from idp.check.found import Found, refused, text_at, words
from policies.plain import Plain
from policies.rule import Resource

_API_VERSION = re.compile(r"(?:(?P<group>[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)/)?(?P<version>[a-z0-9]{1,63})")
_KIND = re.compile("[A-Za-z][A-Za-z0-9]{0,62}")
_LIST = "List"
_TYPED = {"apiVersion", "kind"}

_numbers = count(1)


def token(api_version: str, kind: str) -> str:
    """Return the provider's token: `apps/v1` and `Deployment` are `kubernetes:apps/v1:Deployment`.

    The tokens have the group in full, `core` for the group without a name.
    """
    group, _, version = api_version.rpartition("/")
    return f"kubernetes:{group or 'core'}/{version}:{kind}"


def is_manifest(root: Node) -> bool:
    """Tell whether a document means to be a manifest: it has one of the two keys that say what it is."""
    return root.keys is not None and not root.keys.keys().isdisjoint(_TYPED) and not _is_chart(root)


def _is_chart(root: Node) -> bool:
    """Tell whether a document describes a Helm chart: those lie beside manifests and have one of the two keys."""
    keys = (root.keys or {}).keys()
    return "kind" not in keys and {"apiVersion", "name", "version"} <= keys


def objects(root: Node) -> Iterator[Found]:
    """Yield the object of a manifest, or the objects of a list, one by one; raises Unreadable."""
    waiting: list[tuple[Node, tuple[str | int, ...], tuple[str, str] | None]] = [(root, (), None)]
    while waiting:
        node, place, default = waiting.pop()
        api_version, kind = _typed(node, place, default)
        items = _items(node, place, api_version, kind)
        if items is None:
            yield _object(node, api_version, kind)
            continue
        # `kubectl get -o json` writes a List; the API itself a PodList, whose items do not say what they are.
        inherited = (api_version, kind.removesuffix(_LIST)) if kind != _LIST else None
        numbered = list(enumerate(items))
        waiting += [(item, (*place, "items", index), inherited) for index, item in reversed(numbered)]


def _typed(node: Node, place: tuple[str | int, ...], default: tuple[str, str] | None) -> tuple[str, str]:
    if node.keys is None:
        raise refused(node, "is no mapping; allowed is a Kubernetes object", *place)
    if default is not None and node.keys.keys().isdisjoint(_TYPED):
        return default
    return (
        _matching(node, place, "apiVersion", _API_VERSION, "`v1` or `apps/v1`"),
        _matching(node, place, "kind", _KIND, "`Deployment`"),
    )


def _matching(node: Node, place: tuple[str | int, ...], key: str, pattern: re.Pattern[str], example: str) -> str:
    value = node.keys.get(key) if node.keys is not None else None
    if value is None:
        raise refused(node, f"is missing: a manifest says what it is, such as {example}", *place, key)
    if not isinstance(value.value, str) or pattern.fullmatch(value.value) is None:
        raise refused(value, f"has another form than is allowed: a text such as {example}", *place, key)
    return value.value


def _items(node: Node, place: tuple[str | int, ...], api_version: str, kind: str) -> list[Node] | None:
    """Return the objects of a list; None for what is none: a kind of somebody's own may end in List, too."""
    if not kind.endswith(_LIST) or node.keys is None:
        return None
    items = node.keys.get("items")
    if (api_version, kind) == ("v1", _LIST):
        if items is None or (items.entries is None and items.value is None and items.keys is None):
            return []
        if items.entries is None:
            raise refused(items, "is no list; allowed is a list of Kubernetes objects", *place, "items")
        return items.entries
    if items is None or items.entries is None or any(item.keys is None for item in items.entries):
        return None
    return items.entries


def _object(node: Node, api_version: str, kind: str) -> Found:
    name = words(text_at(node, "metadata", "name") or text_at(node, "metadata", "generateName"))
    namespace = words(text_at(node, "metadata", "namespace"))
    group = api_version.rpartition("/")[0]
    type_token = token(api_version, kind)
    resource = Resource(type_token, name, mapping(node), urn=f"manifest:{next(_numbers)}")
    identity = f"{group}/{kind}/{namespace}/{name}"
    return Found(resource, resource, node, node.line, kind, namespace, identity)


def mapping(node: Node) -> dict[str, Plain]:
    """Return a mapping's content as rules see it."""
    return {key: _plain(inner) for key, inner in (node.keys or {}).items()}


def _plain(node: Node) -> Plain:
    if node.keys is not None:
        return mapping(node)
    if node.entries is not None:
        return [_plain(entry) for entry in node.entries]
    value = node.value
    return value if value is None or isinstance(value, bool | int | float | str) else None
