"""Environments: one typed file each, the non-secret truth about `local`, `dev`, `staging`, `prod` and ephemeral ones.

Imports nothing of the other packages, so that each of them may import this one.
"""

from __future__ import annotations

from environments.errors import Finding, InvalidEnvironment
from environments.json_schema import schema
from environments.loading import load, names
from environments.model import Environment
from environments.overlaps import overlaps

__all__ = ["Environment", "Finding", "InvalidEnvironment", "load", "names", "overlaps", "schema"]
