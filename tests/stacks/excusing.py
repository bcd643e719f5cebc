"""What a program declared, as the pack sees it, and what the environment files excuse."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from policies.catalogue import load
from policies.enforcer import Enforcer, Standing
from policies.environment import policies_of
from policies.evaluate import Outcome
from policies.report import text
from policies.rule import Provider
from policies.urn import of_stack

CONTROLS = {rule.id for rule in load().rules}


def urn(stack: str, token: str, name: str) -> str:
    """Return a resource's URN; exemptions leave its parents open."""
    return f"urn:pulumi:{stack}::idp::{token}::{name}"


def provider(reference: str) -> Provider | None:
    """Return the provider of a reference, `URN::ID`; None for what has none."""
    if not reference:
        return None
    *_, token, name, _ = reference.split("::")
    return Provider(token.rpartition("$")[2], name)


def refused(stack: str, outcomes: Iterable[Outcome]) -> tuple[list[str], list[str]]:
    """Return what refuses although the file may excuse it, and the exemptions of the stack that excuse nothing."""
    enforcer = Enforcer(policies_of(stack, CONTROLS), of_stack(stack, "idp"), datetime.now(UTC).date())
    decisions = [enforcer.decide(outcome, final=True) for outcome in outcomes]
    found = [text(one.outcome) for one in decisions if one.standing is Standing.REFUSED]
    unused = [f"{use.exemption.control} on {use.exemption.resource.text}" for use in enforcer.uses() if use.unused]
    return sorted(found), unused
