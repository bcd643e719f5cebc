"""Environments that rules know by name."""

from __future__ import annotations

LOCAL = "local"
"""The one environment that lives on a single machine."""

PROD = "prod"
"""The one that customers use: it must survive the loss of an availability zone."""
