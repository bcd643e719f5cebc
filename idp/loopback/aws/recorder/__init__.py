"""What moto lacks: operations that are checked against botocore's model, remembered, and nothing more.

`app` stands in front of moto in the same process; `HANDLERS` answer operations moto does not have, `COMPLEMENTS` add
to moto's own answers what moto drops of a request. No behaviour is emulated: an add-on is ACTIVE because it was asked
for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from idp.loopback.aws.recorder import addons, clusters, entries, identities, pullthrough, small, tagging
from idp.loopback.aws.recorder.message import Complement, Handler

_MODULES = (clusters, addons, entries, identities, tagging, pullthrough, small)

HANDLERS: Mapping[tuple[str, str], Handler] = MappingProxyType(
    {operation: handler for module in _MODULES for operation, handler in module.HANDLERS.items()}
)
"""By service and operation (`eks`, `CreateAddon`)."""

COMPLEMENTS: Mapping[tuple[str, str], Complement] = MappingProxyType(dict(clusters.COMPLEMENTS))
