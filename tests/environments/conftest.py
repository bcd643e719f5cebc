"""What the tests of environment files share."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from environments import InvalidEnvironment
from environments.loading import parse

VALID: dict[str, Any] = {
    "name": "mr-42",
    "description": "An environment of the tests",
    "owner": "team-tests",
    "cost_centre": "cc-1",
    "state": {"backend": "s3://acme-idp-state/mr-42", "secrets_provider": "awskms://alias/idp-dev"},
    "cluster": {"kubeconfig": "~/.kube/idp-dev.yaml", "context": "idp-dev", "version": "1.33"},
    "platform": {"registries": ["idp.local/"], "dns_domain": "mr-42.idp.test"},
    "workspaces": [
        {
            "name": "shop",
            "owner": "team-shop",
            "cost_centre": "cc-2",
            "pod_security": "baseline",
            "access": {"readers": ["everybody"], "developers": ["shop devs"], "maintainers": []},
            "quota": {"cpu": "1", "memory": "1Gi", "storage": "1Gi", "pods": 5, "services": 2},
            "container_defaults": {
                "cpu_request": "50m",
                "memory_request": "64Mi",
                "cpu_limit": "500m",
                "memory_limit": "256Mi",
            },
            "network": {"ingress_from": ["pay"], "egress_to": [{"cidr": "10.20.0.0/16", "port": 5432}]},
            "services": [
                {
                    "name": "web",
                    "image": "idp.local/web:1",
                    "port": 8080,
                    "replicas": 2,
                    "cpu": "250m",
                    "memory": "128Mi",
                }
            ],
        },
        {
            "name": "pay",
            "owner": "team-pay",
            "cost_centre": "cc-3",
            "quota": {"cpu": "1", "memory": "1Gi", "storage": "1Gi", "pods": 5, "services": 2},
        },
    ],
}


@pytest.fixture
def document() -> dict[str, Any]:
    """Return a valid document that names every key, for a test to change."""
    return copy.deepcopy(VALID)


@pytest.fixture(scope="session")
def refusals() -> Callable[[dict[str, Any]], list[tuple[str, str]]]:
    """Return a function from a document to the (path, message) of its findings; none if it is valid."""

    def of(document: dict[str, Any]) -> list[tuple[str, str]]:
        name = document["name"] if isinstance(document.get("name"), str) else "mr-42"
        try:
            parse(yaml.safe_dump(document, sort_keys=False).encode(), name)
        except InvalidEnvironment as refused:
            return [(finding.path, finding.message) for finding in refused.findings]
        return []

    return of
