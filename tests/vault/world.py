"""The environment that the tests configure a Vault for: any number of teams, some named to be taken for each other."""

from __future__ import annotations

from typing import Any

import yaml

from environments import Environment
from environments.loading import parse

NAME = "mr-7"
ISSUER = "https://gitlab.acme.example"
TEAMS = ("shop", "shop-api", "sho", "job", "protected-job", "pay")
"""Names that begin or end like others, and like the kinds of policies."""

PLATFORM = {"path": "platform/idp", "id": 1, "branches": ["main"]}
ROLE_ARN = "arn:aws:iam::123456789012:role/{team}"


def project(team: str) -> dict[str, Any]:
    return {"path": f"{team}/app", "id": 100 + TEAMS.index(team) if team in TEAMS else 999}


def environment(address: str, ca_file: str, teams: tuple[str, ...] = TEAMS, **database: Any) -> Environment:  # noqa: ANN401
    return parse(text(address, ca_file, teams, **database).encode(), NAME)


def text(
    address: str,
    ca_file: str,
    teams: tuple[str, ...] = TEAMS,
    *,
    people: bool = True,
    kubeconfig: str = "~/.kube/idp-dev.yaml",
    **database: Any,  # noqa: ANN401
) -> str:
    """Return the environment's file; without `people` there is no identity provider."""
    provider = {"issuer": "https://login.acme.example", "client_id": "vault"}
    return yaml.safe_dump(
        {
            "name": NAME,
            "description": "Tests of what is configured inside Vault",
            "owner": "team-tests",
            "cost_centre": "cc-1",
            "state": {"backend": "s3://acme-idp-state/mr-7", "secrets_provider": "awskms://alias/idp-dev"},
            "cluster": {"kubeconfig": kubeconfig, "version": "1.33"},
            "platform": {"registries": ["idp.local/"], "dns_domain": "mr-7.idp.test"},
            "secrets": {
                "address": address,
                "ca_file": ca_file,
                "gitlab": {"url": ISSUER, "projects": [PLATFORM]},
                "people": provider if people else None,
                "aws_region": "eu-central-1",
                "protect": False,
            },
            "workspaces": [_workspace(team, database) for team in teams],
        },
        sort_keys=False,
    )


def _workspace(team: str, database: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": team,
        "owner": f"team-{team}",
        "cost_centre": "cc-2",
        "access": {
            "readers": ["everybody-reads", f"{team}-readers"],
            "developers": [f"{team}-developers"],
            "maintainers": [f"{team}-maintainers"],
        },
        "quota": {"cpu": "1", "memory": "1Gi", "storage": "1Gi", "pods": 5, "services": 2},
        "gitlab_projects": [project(team)],
        "database": {
            "host": "db.invalid.test",
            "name": "app",
            "username": "vault",
            "application_role": "application",
            "reader_role": "reader",
            **database,
        },
        "aws_role_arn": ROLE_ARN.format(team=team),
    }
