"""What an environment's file adds to a check: the registries that rules ask for, and the findings that it excuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from idp.check.judge import Judged, Said
from policies import report
from policies.catalogue import Catalogue
from policies.enforcer import Exemption
from policies.environment import FOLDER, policies_of
from policies.settings import Settings


class Excuses:
    """The part `policies` of one environment, for files instead of a stack.

    A manifest tells neither its layer nor a URN: an exemption by namespace counts for it whatever layer that names.
    """

    def __init__(self, name: str, catalogue: Catalogue, today: date | None = None, folder: Path = FOLDER) -> None:
        """Read the file of an environment that is known to be valid; `today` is in UTC. Raises `Unusable`."""
        policies = policies_of(f"{name}.workspaces", {rule.id for rule in catalogue.rules}, folder)
        self._file = folder / f"{name}.yaml"
        self._exemptions = policies.exemptions
        self._today = today or datetime.now(UTC).date()
        self.settings: Settings = policies.settings
        """What rules need of the environment."""

    def __call__(self, judged: Judged, said: Said) -> str | None:
        """Return why a violation does not count, or None."""
        for one in self._of(said.control):
            if not one.expired(self._today) and _names(one, judged):
                return f"until {one.expires}, by {one.owner}: {one.reason}"
        return None

    def expired(self, asked: Catalogue) -> Iterator[Judged]:
        """Yield a row for each exemption from one of the rules `asked` that no longer holds: a violation itself."""
        for rule in asked.rules:
            for one in self._of(rule.id):
                if one.expired(self._today):
                    told = Said(rule.id, rule.severity, report.expired(one), "Mend it, or give it a new day.", "", 1)
                    identity = f"exemption {rule.id} {one.resource.text}"
                    yield Judged(str(self._file), 1, "Exemption", one.resource.text, "", identity, "", [told])

    def _of(self, control: str) -> list[Exemption]:
        return [one for one in self._exemptions if one.control == control]


def _names(exemption: Exemption, judged: Judged) -> bool:
    pattern = exemption.resource
    if judged.urn:
        return pattern.matches_in(judged.urn, judged.namespace)
    return pattern.is_of_namespace(judged.name if judged.kind == "Namespace" else judged.namespace)
