"""Enforcement as the environment's file says: what `policies.enforcer` makes of it, as the pack asks for it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from policies import report
from policies.enforcement import Enforce, Enforcement, Level, Remark, Stack, Verdict
from policies.enforcer import Decision, Enforcer, Policies, Standing
from policies.environment import FOLDER, Unusable, policies_of
from policies.evaluate import Outcome
from policies.urn import of_stack

EVERYTHING = "IDP_POLICY_EVERYTHING"
"""A variable that makes the pack stricter, never more lenient: set, only exemptions are left of the environment's file.

`idp policy baseline` sets it to get every finding by itself.
"""


def of_environment(controls: Collection[str], today: date | None = None, folder: Path = FOLDER) -> Enforce:
    """Return what reads the file of a stack's environment; `controls` are the ids there are, `today` is in UTC."""

    def enforce(stack: Stack) -> Enforcement:
        opening: list[Remark] = []
        try:
            policies = policies_of(stack.name, controls, folder)
        except Unusable as error:
            policies = Policies()
            opening.append(Remark(f"the environment's policies cannot be used: {error}", Level.MANDATORY))
        if os.environ.get(EVERYTHING):
            policies = Policies(exemptions=policies.exemptions, settings=policies.settings)
        enforcer = Enforcer(policies, of_stack(stack.name, stack.project), today or datetime.now(UTC).date())
        opening += [Remark(report.expired(one), Level.MANDATORY) for one in enforcer.expired()]

        def decide(outcome: Outcome, final: bool) -> Verdict:
            return _verdict(enforcer.decide(outcome, final=final))

        def closing() -> Iterator[Remark]:
            return map(Remark, report.closing(enforcer.uses(), enforcer.obsolete()))

        return Enforcement(decide, policies.strict, closing, lambda: opening, policies.settings)

    return enforce


def _verdict(decision: Decision) -> Verdict:
    level = Level.MANDATORY if decision.standing is Standing.REFUSED else Level.ADVISORY
    return Verdict(level, report.because(decision))
