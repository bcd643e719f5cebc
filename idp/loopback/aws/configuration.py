"""The provider's configuration: which keys, which values, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.loopback.aws import loopback
from idp.loopback.provider import schema
from idp.loopback.provider.checking import check_kind, nearest
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
_INTERNAL = ("version", "pluginDownloadURL", "__internal")
"""Keys the engine adds by itself."""

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
    kinds = schema.provider(PACKAGE)
    findings = []
    for key, value in _opened(raw).items():
        if key not in kinds:
            findings.append((key, f"unknown key{nearest(key, kinds)}"))
        elif key not in KEYS:
            findings.append((key, f"not supported; this provider takes {', '.join(sorted(KEYS))}"))
        else:
            findings.extend((item.path, item.reason) for item in check_kind(key, value, kinds[key]))
    findings.extend((key, "required, but missing") for key in _REQUIRED if raw.get(key) in (None, ""))
    return findings or list(_check_values(_opened(raw)))


def parse(raw: Properties) -> Configuration:
    """Return the configuration; `check` has nothing against it."""
    opened = _opened(raw)
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


def _opened(raw: Properties) -> Properties:
    """Return the values; the SDK sends all but strings as JSON text."""
    kinds = schema.provider(PACKAGE)
    result = {}
    for key, value in raw.items():
        if key in _INTERNAL:
            continue
        structured = key in kinds and kinds[key].name != "string"
        result[key] = _from_json(value) if structured and isinstance(value, str) else value
    return result


def _from_json(text: str) -> Value:
    try:
        value: Value = json.loads(text)
    except ValueError:
        return text
    return value


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
