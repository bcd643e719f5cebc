"""References of images, as patterns that Python and RE2 read alike."""

from __future__ import annotations

# The grammar of the distribution project's `reference` package. A colon before the last slash belongs to the
# registry's port.
TAG = r"(?:[^@]*/)?[^/:@]+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
"""A reference with a tag and no digest."""
DIGEST = r"[^@]+@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
"""A reference with a digest, whether or not it has a tag, too."""
