"""A rule that a document breaks, and the rules that several parts share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Place = tuple[str | int, ...]
"""Keys and positions from the top of the document."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A broken rule."""

    place: Place
    """Where."""
    value: object
    """What is there."""
    allowed: str
    """Completes "... is not allowed: "."""


def repeated(names: Sequence[str | None], place: Place, key: str = "name") -> Iterator[Broken]:
    """Yield each entry of the list at `place` whose `key` an earlier entry has; None is passed over."""
    first: dict[str, int] = {}
    for position, name in enumerate(names):
        if name is not None and first.setdefault(name, position) != position:
            allowed = f"a {key} that is not taken yet ({place[-1]}[{first[name]}] has this one)"
            yield Broken((*place, position, key), name, allowed)


def foreign_image(image: str, registries: Sequence[str], place: Place) -> Iterator[Broken]:
    """Yield that the image at `place` is from no registry that the environment knows."""
    if not image.startswith(tuple(registries)):
        yield Broken(place, image, f"an image from platform.registries ({', '.join(registries)})")
