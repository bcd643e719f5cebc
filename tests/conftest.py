"""What all tests share: no time limits for examples; AWS's answers, for programs that run on Pulumi's mocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import hypothesis
import pytest

# Its limit of 200 ms an example says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

ACCOUNT, REGION = "123456789012", "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture(scope="session")
def aws_answer() -> Callable[[str, str, Mapping[str, Any]], dict[str, Any]]:
    """Return a function from a resource's type, name and inputs to what AWS makes of them, computed parts too."""

    def answer(kind: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        named = {"name": f"{name}-1a2b3c4", **inputs}
        return {**named, "arn": _arn(kind, named), **_computed(kind)}

    return answer


def _arn(kind: str, inputs: Mapping[str, Any]) -> str:
    """Return an ARN as the service authorization reference has them."""
    service, name = kind.split(":")[1].split("/")[0], inputs["name"]
    if service == "s3":
        return f"arn:aws:s3:::{inputs['bucket']}"
    if service == "iam":
        host = str(inputs.get("url", "")).removeprefix("https://")
        path = inputs.get("path", "/")
        what = {
            "Role": f"role{path}{name}",
            "Policy": f"policy{path}{name}",
            "OpenIdConnectProvider": f"oidc-provider/{host}",
        }
        return f"arn:aws:iam::{ACCOUNT}:{what.get(kind.rpartition(':')[2])}"
    if service == "kms":
        return KEY
    if service == "cloudwatch":
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind.rpartition(':')[2].lower()}/{name}"


def _computed(kind: str) -> dict[str, Any]:
    validation = {"resourceRecordName": "_a.b", "resourceRecordType": "CNAME", "resourceRecordValue": "_c.d"}
    return {
        "Cluster": {
            "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{REGION}.amazonaws.com/id/ABCDEF"}]}],
            "certificateAuthority": {"data": "Y2E="},
            "endpoint": "https://cluster.example",
        },
        "Certificate": {"domainValidationOptions": [validation]},
        "LaunchTemplate": {"latestVersion": 1},
        "Repository": {"repositoryUrl": "registry.example/a"},
        "Zone": {"zoneId": "Z1", "nameServers": ["ns1.example"]},
        "Key": {"keyId": KEY.rpartition("/")[2]},
        "Eip": {"allocationId": "eipalloc-1"},
    }.get(kind.rpartition(":")[2], {})
