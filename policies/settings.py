"""What an environment adds to the rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Values that a rule may need (`Rule.setting`); a rule whose value is None is silent."""

    registries: tuple[str, ...] | None = None
    """Beginnings of the images that may run, each ending in `/`."""


NOTHING = Settings()
"""What is known without an environment."""
