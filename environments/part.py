"""What every part of an environment file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of an environment: cannot be changed, knows all its keys, converts nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
