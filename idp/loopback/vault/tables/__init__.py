"""The resource types this provider has, one row each, by engine."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from idp.loopback.provider.table import Row
from idp.loopback.vault.tables import (
    aws,
    database,
    identity,
    issuing,
    jwt,
    kubernetes,
    kv,
    mounts,
    pki,
    system,
    transit,
)

_MODULES = (system, mounts, jwt, kubernetes, kv, transit, pki, issuing, database, aws, identity)

ROWS: Mapping[str, Row] = MappingProxyType({row.type: row for module in _MODULES for row in module.ROWS})
