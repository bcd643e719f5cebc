"""Whom tokens for an environment's Vault are made out to."""

from __future__ import annotations

from environments import Environment


def audience(environment: Environment) -> str:
    """Return the address under which jobs and people know the environment's Vault."""
    return f"https://vault.{environment.platform.dns_domain}"
