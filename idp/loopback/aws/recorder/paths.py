"""Addresses of the emulator that AWS does not have."""

from __future__ import annotations

REGIONS_PATH = "/idp/regions"
"""Answers the regions that were ever asked for something: where there may be leftovers."""
