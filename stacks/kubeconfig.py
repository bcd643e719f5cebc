"""Kubeconfig files that hold no credentials: whoever uses one proves who they are."""

from __future__ import annotations

import json

import pulumi


def for_eks(
    name: pulumi.Input[str], region: str, endpoint: pulumi.Input[str], certificate_authority: pulumi.Input[str]
) -> pulumi.Output[str]:
    """Return a kubeconfig, as JSON text, whose user is who the AWS CLI says they are.

    `certificate_authority` is base64 of PEM, as EKS gives it.
    """
    return pulumi.Output.all(name, endpoint, certificate_authority).apply(
        lambda known: json.dumps(_content(str(known[0]), region, str(known[1]), str(known[2])), sort_keys=True)
    )


def _content(name: str, region: str, endpoint: str, certificate_authority: str) -> dict[str, object]:
    login = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"],
        "interactiveMode": "Never",
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority}}
        ],
        "users": [{"name": name, "user": {"exec": login}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
