"""The part `policies` of an environment: what the policy pack enforces there, and what is excused.

The pack reads this part by itself and without pydantic (policies.environment); a test keeps the two of one mind.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from environments.part import Part
from environments.vocabulary import BaselineFile, ControlId, Day, Flag, Many, ResourcePattern, Sentence, Slug

Enforcement = Literal["mandatory", "advisory"]


class ControlEnforcement(Part):
    """How one control is enforced, where it is not as the others."""

    control: ControlId = Field(description="The control, unique in the list; `docs/policies.md` has all.")
    enforcement: Enforcement = Field(description="Whether its violations refuse or are only reported.")


class Exemption(Part):
    """Lets findings of one control on some resources of one layer through, for a time."""

    control: ControlId = Field(description="The control that finds them.")
    resource: ResourcePattern = Field(
        description="The resources: a URN of this environment, or the namespaces of a layer. `*` stands for any"
        " characters of a name or namespace, and before the type for any parents."
    )
    owner: Slug = Field(description="The team that answers for it.")
    reason: Sentence = Field(description="Why it must be, and what ends it, in one line.")
    expires: Day = Field(description="The last day on which it holds (UTC). From the next day on it refuses.")


class Policies(Part):
    """What the policies do to previews and updates of the environment."""

    enforcement: Enforcement = Field(
        default="mandatory", description="Whether violations refuse or are only reported; `prod` refuses."
    )
    controls: Many[ControlEnforcement] = Field(default=(), description="Controls that are enforced otherwise.")
    strict: Flag = Field(
        default=False,
        description="Whether a mandatory control refuses what is still unknown to it in the update.",
    )
    exemptions: Many[Exemption] = Field(default=(), description="What is excused, each once.")
    baseline: BaselineFile | None = Field(
        default=None,
        description="The findings that were there before the policies, from `idp policy baseline`: they are only"
        " reported. Null is none.",
    )
