"""Rules of policies that no single value can show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from environments.broken import Broken, Place, repeated
from environments.special import PROD

if TYPE_CHECKING:
    from environments.policies import Exemption, Policies

HERE: Place = ("policies",)

URN = "urn:pulumi:"


def broken(policies: Policies, name: str | None) -> Iterator[Broken]:
    """Yield each broken rule; the environment's name is None where it is invalid."""
    yield from repeated([one.control for one in policies.controls], (*HERE, "controls"), "control")
    first: dict[tuple[str, str], int] = {}
    for position, exemption in enumerate(policies.exemptions):
        place = (*HERE, "exemptions", position)
        taken = first.setdefault((exemption.control, exemption.resource), position)
        if taken != position:
            allowed = f"a resource that is not exempt from {exemption.control} yet (exemptions[{taken}] has this one)"
            yield Broken((*place, "resource"), exemption.resource, allowed)
        if name is not None:
            yield from _foreign(exemption, name, place)
    if name == PROD:
        yield from _lenient(policies)


def _foreign(exemption: Exemption, name: str, place: Place) -> Iterator[Broken]:
    if exemption.resource.startswith(URN) and not exemption.resource.startswith(f"{URN}{name}."):
        yield Broken((*place, "resource"), exemption.resource, f"a URN of this environment, {URN}{name}.LAYER::...")


def _lenient(policies: Policies) -> Iterator[Broken]:
    allowed = f"mandatory in {PROD}; an exemption or a baseline excuses what cannot be mended yet"
    if policies.enforcement != "mandatory":
        yield Broken((*HERE, "enforcement"), policies.enforcement, allowed)
    for position, one in enumerate(policies.controls):
        if one.enforcement != "mandatory":
            yield Broken((*HERE, "controls", position, "enforcement"), one.enforcement, allowed)
