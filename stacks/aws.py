"""The provider of an environment's AWS account."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from environments import Environment
from environments.foundation import Foundation
from stacks import loopback

EMULATOR = loopback.FOLDER / "aws" / "emulator.json"
"""Where the loopback emulator says at which address it answers (`endpoint`)."""

MADE_UP = "emulator"
"""Credentials for the emulator, which takes any."""

SERVICES = ("acm", "cloudwatch", "ec2", "ecr", "eks", "iam", "kms", "logs", "route53", "s3", "sts")
"""Services that the layer uses."""


def provider(environment: Environment, foundation: Foundation) -> aws.Provider:
    """Return the provider; it refuses to work in any account but the environment's.

    Credentials come from the surroundings (SSO, OIDC, a profile), never from a file of the environment; the emulator
    takes any and gets made-up ones.
    """
    emulator = _emulator() if foundation.aws.emulator else None
    return aws.Provider(
        "account",
        region=foundation.aws.region,
        allowed_account_ids=[foundation.aws.account_id],
        default_tags={"tags": tags(environment)},
        endpoints=[aws.ProviderEndpointArgs(**dict.fromkeys(SERVICES, emulator))] if emulator else None,
        access_key=MADE_UP if emulator else None,
        secret_key=MADE_UP if emulator else None,
        s3_use_path_style=True if emulator else None,
        skip_metadata_api_check=True if emulator else None,
    )


def tags(environment: Environment) -> dict[str, str]:
    """Return what everything of the layer is tagged with."""
    return {
        "environment": environment.name,
        "layer": "foundation",
        "owner": environment.owner,
        "cost-centre": environment.cost_centre,
    }


def _emulator() -> str:
    """Return the emulator's address."""
    try:
        return str(json.loads(EMULATOR.read_text())["endpoint"])
    except (OSError, ValueError, KeyError, TypeError):
        raise pulumi.RunError("foundation.aws.emulator: it does not run; `idp up local` starts it") from None
