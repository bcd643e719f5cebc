"""From the policy SDK's arguments to plain data.

The SDK hands over proxies: mappings and sequences that are neither dict nor list and raise as soon as an unknown
value is touched, even by `.get`. Secrets come as plain values with nothing to tell them by. Both end here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pulumi_policy import PolicyProviderResource, PolicyResource, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

from policies.plain import UNKNOWN, Plain
from policies.rule import Provider, Resource
from policies.settings import NOTHING, Settings


def resource(source: ResourceValidationArgs | PolicyResource, settings: Settings = NOTHING) -> Resource:
    """Return a resource of an environment with these settings as plain data, unknown values as `UNKNOWN`."""
    return Resource(
        type=source.resource_type,
        name=source.name,
        props=mapping(source.props),
        urn=source.urn,
        provider=_provider(source.provider),
        settings=settings,
        protect=source.opts.protect,
    )


def mapping(source: Mapping[str, object]) -> dict[str, Plain]:
    """Return a mapping proxy as a dict."""
    found: dict[str, Plain] = {}
    for key in source:
        try:
            found[key] = _plain(source[key])
        except UnknownValueError:
            found[key] = UNKNOWN
    return found


def _plain(value: object) -> Plain:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return mapping(value)
    if isinstance(value, Sequence):
        return [_item(value, index) for index in range(len(value))]
    # Assets and archives: no rule reads files, and a rule that expects text must not take one for it.
    return None


def _item(source: Sequence[object], index: int) -> Plain:
    try:
        return _plain(source[index])
    except UnknownValueError:
        return UNKNOWN


def _provider(source: PolicyProviderResource | None) -> Provider | None:
    return None if source is None else Provider(source.resource_type, source.name)
