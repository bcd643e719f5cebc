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


FOUNDATION: dict[str, Any] = {
    "aws": {"account_id": "123456789012", "region": "eu-central-1", "emulator": False},
    "network": {
        "cidr": "10.50.0.0/16",
        "zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
        "nat": "per-zone",
        "existing": None,
    },
    "cluster": {
        "name": "idp-mr-42",
        "public_access_cidrs": ["198.51.100.0/24"],
        "admin_role_arns": ["arn:aws:iam::123456789012:role/admin"],
        "node_pools": [
            {"name": "system", "instance_types": ["m7i.large"], "minimum": 2, "maximum": 3, "labels": ["a=1", "b=1"]},
            {"name": "general", "instance_types": ["m7g.large", "m6g.large"], "minimum": 0, "maximum": 1},
            {"name": "runners", "instance_types": ["c7i.large"], "minimum": 0, "maximum": 9, "taint": "pool=runners"},
        ],
        "existing": None,
    },
    "registry": {"repositories": ["shop", "pay"]},
    "dns": {"domain": "idp.test"},
    "buckets": {"prefix": "acme-idp"},
    "gitlab": {
        "url": "https://gitlab.com",
        "projects": [
            {"path": "platform/idp", "branches": ["main", "release/1"]},
            {"path": "platform/other", "branches": ["main"]},
        ],
    },
}

SECRETS: dict[str, Any] = {
    "address": "https://vault.mr-42.idp.test:8200",
    "ca_file": "/etc/ssl/vault.pem",
    "gitlab": {
        "url": "https://gitlab.com",
        "projects": [{"path": "platform/idp", "id": 1, "branches": ["main", "release/1"]}],
    },
    "people": {"issuer": "https://login.acme.example", "client_id": "vault"},
    "aws_region": "eu-central-1",
    "protect": False,
}

OF_SHOP: dict[str, Any] = {
    "gitlab_projects": [{"path": "shop/web", "id": 11}, {"path": "shop/api", "id": 12}],
    "database": {
        "host": "db.idp.test",
        "port": 5432,
        "name": "shop",
        "username": "vault",
        "application_role": "shop_application",
        "reader_role": "shop_reader",
    },
    "aws_role_arn": "arn:aws:iam::123456789012:role/shop",
}

OF_WEB: list[dict[str, Any]] = [
    {"file": "payment.key", "path": "web/payment", "field": "key", "optional": False},
    {"file": "mail", "path": "mail", "field": None, "optional": True},
]

EXISTING_NETWORK: dict[str, Any] = {
    "existing": {
        "vpc_id": "vpc-0a1b2c3d",
        "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
        "public_subnet_ids": ["subnet-0a1b2c3f"],
        "intra_subnet_ids": ["subnet-0a1b2c40", "subnet-0a1b2c41"],
    }
}

EXISTING_CLUSTER: dict[str, Any] = {"existing": {"name": "Legacy_Cluster"}}


@pytest.fixture
def founded() -> dict[str, Any]:
    """Return a valid document with a foundation that creates everything and names every key."""
    return {**copy.deepcopy(VALID), "foundation": copy.deepcopy(FOUNDATION)}


@pytest.fixture
def secretive() -> dict[str, Any]:
    """Return a valid document with secrets that name every key."""
    document = {**copy.deepcopy(VALID), "secrets": copy.deepcopy(SECRETS)}
    document["workspaces"][0].update(copy.deepcopy(OF_SHOP))
    document["workspaces"][0]["services"][0]["secrets"] = copy.deepcopy(OF_WEB)
    return document


@pytest.fixture
def existing_network() -> dict[str, Any]:
    """Return the network of a foundation that adopts one."""
    return copy.deepcopy(EXISTING_NETWORK)


@pytest.fixture
def existing_cluster() -> dict[str, Any]:
    """Return the cluster of a foundation that adopts one."""
    return copy.deepcopy(EXISTING_CLUSTER)


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
