"""What is valid in a file that is not, so that rules between the valid parts are tried in the same run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import ValidationError

from environments.foundation import AwsAccount, DnsZone, FoundationCluster, FoundationNetwork, Gitlab
from environments.foundation_rules import FoundationParts
from environments.model import Cluster, Platform, State, Workspace
from environments.part import Part
from environments.policies import Policies
from environments.rules import Parts
from environments.secrets import Secrets

AnyPart = TypeVar("AnyPart", bound=Part)


def valid_parts(data: dict[str, Any], unknown: Iterable[tuple[str | int, ...]]) -> Parts:
    """Return the valid parts of a document; `unknown` are the places of keys to look away from.

    Those keys are taken out of `data`.
    """
    for place in unknown:
        _remove(data, place)
    entries = data.get("workspaces")
    workspaces = entries if isinstance(entries, list) else []
    valid = {
        position: workspace for position, entry in enumerate(workspaces) if (workspace := _valid(Workspace, entry))
    }
    return Parts(
        name=_text(data, "name"),
        state=_valid(State, data.get("state")),
        cluster=_valid(Cluster, data.get("cluster")),
        foundation=_foundation(data.get("foundation")),
        has_foundation=data.get("foundation") is not None,
        platform=_valid(Platform, data.get("platform")),
        secrets=_valid(Secrets, data.get("secrets")),
        has_secrets=data.get("secrets") is not None,
        policies=_valid(Policies, data.get("policies")),
        workspaces=valid,
        workspace_names=[_text(entry, "name") for entry in workspaces],
    )


def _foundation(data: object) -> FoundationParts | None:
    if not isinstance(data, dict):
        return None
    return FoundationParts(
        aws=_valid(AwsAccount, data.get("aws")),
        protect=protect if isinstance(protect := data.get("protect"), bool) else None,
        network=_valid(FoundationNetwork, data.get("network")),
        cluster=_valid(FoundationCluster, data.get("cluster")),
        dns=_valid(DnsZone, data.get("dns")),
        gitlab=_valid(Gitlab, data.get("gitlab")),
    )


def _valid(kind: type[AnyPart], data: object) -> AnyPart | None:
    try:
        return kind.model_validate(data)
    except ValidationError:
        return None


def _text(data: object, key: str) -> str | None:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else None


def _remove(data: Any, place: tuple[str | int, ...]) -> None:  # noqa: ANN401 - a parsed document
    *above, key = place
    for step in above:
        data = data[step]
    data.pop(key, None)
