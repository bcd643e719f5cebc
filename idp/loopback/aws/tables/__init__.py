"""The resource types and functions this provider has, one row each, by service."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from idp.loopback.aws.tables import (
    acm,
    ecr,
    eks,
    gateways,
    groups,
    iam,
    kms,
    launch,
    logs,
    network,
    route53,
    routing,
    s3,
    sts,
)
from idp.loopback.provider.table import Function, Row

_MODULES = (network, gateways, routing, groups, launch, logs, iam, kms, eks, ecr, route53, acm, s3)

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {function.token: function for module in (network, eks, sts) for function in module.FUNCTIONS}
)

ROWS: Mapping[str, Row] = MappingProxyType({row.type: row for module in _MODULES for row in module.ROWS})
