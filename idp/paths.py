"""Where things are on disk; the only place that knows."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: the folder of Pulumi.yaml."""

WORK = ROOT / ".idp"
"""All that the local environment leaves on disk; `make down` removes it."""

LOCAL = WORK / "local"
"""Data, logs and credentials of the local cluster."""

STATE = WORK / "state"
"""State of the stacks whose environment names the backend `file`."""

PASSPHRASE = WORK / "passphrase"
"""What seals the secrets of stacks whose environment names the provider `passphrase`; made here, never shown."""

PULUMI_HOMES = WORK / "pulumi"
"""The engine's own homes, one for each environment: nothing touches the user's, and no plugin is shared."""

KUBECONFIGS = WORK / "kubeconfigs"
"""Kubeconfigs, without credentials, of clusters that a foundation made or found."""

EMULATOR = WORK / "aws"
"""The AWS emulator's record, port and log; its state is its memory."""

LOCKS = WORK / "locks"
"""Who works on which environment."""

LOGS = WORK / "logs"
"""What the engine printed and its event stream, the last run of each stack."""

PYTHON = ROOT / ".venv" / "bin" / "python"
"""The interpreter that runs stack programs and policies."""

ENVIRONMENTS = ROOT / "environments"
POLICIES = ROOT / "policies"
TOOLS = ROOT / "tools"


def cache() -> Path:
    """Return the folder of downloaded and built tools, outside the checkout.

    `$IDP_CACHE`, else `$XDG_CACHE_HOME/idp`, else `~/.cache/idp`.
    """
    if chosen := os.environ.get("IDP_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "idp"
