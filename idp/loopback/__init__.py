"""The local environment's servers: real ones where they can run, emulators of other people's clouds."""

from __future__ import annotations
