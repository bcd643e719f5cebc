"""What the policies find in an environment, as the baseline that its file names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from environments import Environment
from idp import paths
from idp.engine.findings import controls
from idp.engine.layer import Layers, Result
from idp.errors import Exit, IdpError
from idp.session import Session
from policies.baseline import read, written
from policies.enforcer import Known
from policies.run import EVERYTHING
from policies.urn import parsed


def file_of(environment: Environment) -> Path:
    """Return the baseline's file; raises `IdpError(INVALID)` where the environment names one that is not there."""
    name = environment.policies.baseline
    path = paths.ENVIRONMENTS / (name or f"{environment.name}.baseline.json")
    if name is not None and not path.is_file():
        raise IdpError(
            f"{environment.name}.yaml: policies.baseline: {name!r} is not there; take the line out to write a new one",
            Exit.INVALID,
        )
    return path


def asking_for_everything(session: Session) -> Session:
    """Return a session whose policies look away from the baseline and from what the file makes advisory."""
    variables = {**session.settings.variables, EVERYTHING: "true"}
    return replace(session, layers=Layers(replace(session.settings, variables=variables), session.command))


def found(results: Sequence[Result]) -> list[Known]:
    """Return what the policies found in previews, findings that are exempted left out.

    Raises `IdpError(FAILED)` where a preview did not come to its end, so that something may not have been looked at.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for result in results:
        for violation in result.progress.violations:
            if violation.mandatory and not controls(violation.message):
                raise IdpError(f"{result.layer}: {_last(violation.message)}", Exit.FAILED)
            for control, findings in controls(violation.message).items() if violation.mandatory else ():
                counted[control, violation.urn or ""] += findings
        if not result.ok and (result.progress.telling or not result.refused):
            raise IdpError(f"{result.layer}: cannot be previewed: {result.progress.errors[0]}", Exit.FAILED)
    return [Known(control, urn, findings) for (control, urn), findings in counted.items()]


def renewed(old: str, new: Sequence[Known], looked_at: Collection[str]) -> str:
    """Return a baseline with the findings of the stacks that were looked at, and the old ones of all others.

    Raises `IdpError(INVALID)` where the old one is none.
    """
    try:
        kept = [known for known in read(old) if _stack(known) not in looked_at] if old else []
    except ValueError as error:
        raise IdpError(f"the baseline: {error}", Exit.INVALID) from None
    return written([*kept, *new])


def _stack(known: Known) -> str:
    urn = parsed(known.urn)
    return urn.stack if urn else ""


def _last(message: str) -> str:
    return message.splitlines()[-1]
