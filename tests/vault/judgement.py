"""What is wrong with an answer, by the table of those who may: for a Vault of the tests' own and one in pods alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .expected import OF_A_TEAM, OF_VAULT, Request, allowed
from .identities import Identity
from .server import Answer

PLANTED = {"app/db": "app", "ci/token": "ci", "deploy/key": "deploy", "people/root": "people", "application": "beside"}
DENIED, REFUSED = 403, 400
FOREIGN, FOREIGN_STATUS = "GitLab's token instead of Vault's", 500
"""Vault looks behind the last dot of a token for a namespace, and answers with a fault when there is none of it."""


def wrong(request: Request, team: str, identity: Identity, answer: Answer) -> str | None:
    """Return what is wrong with an answer, or None."""
    may = allowed(request, identity.kind, own=identity.team == team)
    said = f"{identity}: {request.name} ({request.method} {request.path.format(team=team)}): {answer.status}"
    if identity.kind == FOREIGN and answer.status == FOREIGN_STATUS:
        return None
    if (answer.status != DENIED) != may:
        return f"{said}, and it {'may' if may else 'may not'}: {answer.content.get('errors')}"
    text = str(answer.content)
    if may and request.refusal and (answer.status != REFUSED or request.refusal not in text):
        return f"{said}, and that is too much: {text}"
    if may and request.tells and request.tells.format(team=team) not in text:
        return f"{said}, without the secret"
    if not may and "canary" in text:
        return f"{said}, with a secret"
    return None


def judged(
    call: Callable[[str, str, Any, str | None], Answer],
    identities: Iterable[Identity],
    teams: Sequence[str],
    of_vault: Sequence[Request] = OF_VAULT,
) -> tuple[int, list[str]]:
    """Let each identity ask for everything, with `call(method, path, body, token)`; return how much, what is wrong."""
    found, asked = [], 0
    for identity in identities:
        for request, team in [
            *((request, team) for team in teams for request in OF_A_TEAM),
            *((request, "") for request in of_vault),
        ]:
            answer = call(request.method, request.path.format(team=team), dict(request.body), identity.token)
            asked += 1
            if problem := wrong(request, team, identity, answer):
                found.append(problem)
    return asked, found
