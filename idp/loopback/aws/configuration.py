"""The provider's configuration: which keys, which values, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.loopback.provider import loopback, settings
from idp.loopback.provider.values import UNKNOWN, Properties, Value, contains_unknown

PACKAGE = "pulumi_aws"

SKIPS = (
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "s3UsePathStyle",
)
"""Keys that ask the official provider to leave out what this one never does; taken and not needed."""

KEYS = ("accessKey", "allowedAccountIds", "defaultTags", "endpoints", "region", "secretKey", "token", *SKIPS)
_REQUIRED = ("accessKey", "endpoints", "region", "secretKey")

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"\d{12}")

SERVICES = {"cloudwatchlogs": "logs", "cloudwatchlog": "logs", "logs": "logs"}
"""Where a key of the SDK's `endpoints` is not the service's name in botocore."""


@dataclass(frozen=True)
class Configuration:
    """A configuration that holds."""

    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    endpoints: Mapping[str, str]
    """URL by botocore's name of the service."""
    allowed_accounts: tuple[str, ...]
    default_tags: Mapping[str, str]


def check(raw: Properties) -> list[tuple[str, str]]:
    """Return what is wrong with a configuration, parts of which may be unknown: key and reason."""
    opened = settings.opened(PACKAGE, raw)
    findings = settings.check(PACKAGE, opened, KEYS, _REQUIRED)
    return findings or list(_check_values(opened))


def parse(raw: Properties) -> Configuration:
    """Return the configuration; `check` has nothing against it."""
    opened = settings.opened(PACKAGE, raw)
    tags = opened.get("defaultTags")
    accounts = opened.get("allowedAccountIds")
    return Configuration(
        region=str(opened["region"]),
        access_key=str(opened["accessKey"]),
        secret_key=str(opened["secretKey"]),
        token=str(opened["token"]) if opened.get("token") else None,
        endpoints=_endpoints(opened.get("endpoints")),
        allowed_accounts=tuple(str(item) for item in accounts) if isinstance(accounts, list) else (),
        default_tags=_tags(tags),
    )


def _check_values(opened: Properties) -> list[tuple[str, str]]:
    findings = []
    region = opened["region"]
    if isinstance(region, str) and not _REGION.fullmatch(region):
        findings.append(("region", f"{region!r} is not a region, such as eu-central-1"))
    accounts = opened.get("allowedAccountIds")
    findings.extend(
        ("allowedAccountIds", f"{account!r} is not an account id of 12 digits")
        for account in (accounts if isinstance(accounts, list) else [])
        if account is not UNKNOWN and not _ACCOUNT.fullmatch(str(account))
    )
    listed = opened["endpoints"]
    for index, block in enumerate(listed if isinstance(listed, list) else []):
        for service, url in block.items() if isinstance(block, Mapping) else []:
            reason = None if contains_unknown(url) else loopback.problem(str(url))
            if reason is not None:
                findings.append((f"endpoints[{index}].{service}", reason))
    return findings


def _endpoints(listed: Value) -> dict[str, str]:
    blocks = listed if isinstance(listed, list) else []
    return {SERVICES.get(name, name): str(url) for block in blocks for name, url in block.items()}


def _tags(value: Value) -> dict[str, str]:
    tags = value.get("tags") if isinstance(value, Mapping) else None
    return {str(key): str(item) for key, item in tags.items()} if isinstance(tags, Mapping) else {}
