"""One run of the engine on one stack: what the stack's environment makes of the outcomes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock

from policies import report
from policies.enforcer import Decision, Enforcer, Policies
from policies.environment import FOLDER, Unusable, policies_of
from policies.evaluate import Outcome
from policies.urn import parsed, root

EVERYTHING = "IDP_POLICY_EVERYTHING"
"""A variable that makes the pack stricter, never more lenient: set, only exemptions are left of the environment's file.

`idp policy baseline` sets it to get every finding by itself.
"""


class Run:
    """Reads the environment's file as soon as a URN names the stack, once.

    May be used from several threads.
    """

    def __init__(
        self, controls: Collection[str], *, preview: bool, today: date | None = None, folder: Path = FOLDER
    ) -> None:
        self._controls = controls
        self._preview = preview
        self._today = today
        self._folder = folder
        self._lock = Lock()
        self._enforcer: Enforcer | None = None
        self._opening: list[str] = []

    def decide(self, urn: str, outcomes: Iterable[Outcome]) -> Iterator[Decision]:
        """Yield what becomes of outcomes in the stack of `urn`; in an update, what they do not know is not known."""
        enforcer = self._of(urn)
        return (enforcer.decide(outcome, final=not self._preview) for outcome in outcomes)

    def opening(self, urn: str) -> list[str]:
        """Return what refuses the stack as such, when first asked; from then on nothing.

        Asked before anything is made, and said once: what is refused first ends an update, and any refusal a preview.
        """
        self._of(urn)
        with self._lock:
            told, self._opening = self._opening, []
        return told

    def closing(self) -> list[str]:
        """Return what is to be said at the end and refuses nothing."""
        enforcer = self._enforcer
        return report.closing(enforcer.uses(), enforcer.obsolete()) if enforcer else []

    def _of(self, urn: str) -> Enforcer:
        with self._lock:
            if self._enforcer is None:
                found = self._begun(urn)
                if parsed(urn) is None:
                    return found
                self._enforcer = found
            return self._enforcer

    def _begun(self, urn: str) -> Enforcer:
        stack = parsed(urn)
        try:
            policies = policies_of(stack.stack if stack else "", self._controls, self._folder)
        except Unusable as error:
            policies = Policies()
            self._opening.append(f"the environment's policies cannot be used: {error}")
        if os.environ.get(EVERYTHING):
            policies = Policies(exemptions=policies.exemptions)
        today = self._today or datetime.now(UTC).date()
        enforcer = Enforcer(policies, root(urn), today)
        self._opening += map(report.expired, enforcer.expired())
        return enforcer


def is_preview() -> bool:
    """Tell whether the engine started this process for a preview; it says so to every pack."""
    return os.environ.get("PULUMI_DRY_RUN") == "true"
