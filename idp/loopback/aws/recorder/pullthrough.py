"""ECR pull-through cache rules, recorded. Nothing is pulled."""

from __future__ import annotations

from idp.loopback.aws.recorder.clusters import now
from idp.loopback.aws.recorder.message import Handler, Members, RefusedError, Request

_CHANGEABLE = ("credentialArn", "customRoleArn")


def _create(request: Request) -> Members:
    members, rules = request.members, request.scope.of("rule")
    prefix = members["ecrRepositoryPrefix"]
    if (prefix,) in rules:
        raise RefusedError(
            "PullThroughCacheRuleAlreadyExistsException", f"A rule with the prefix '{prefix}' already exists."
        )
    record = {
        "upstreamRepositoryPrefix": "ROOT",
        **members,
        "registryId": request.scope.account,
        "createdAt": now(),
        "updatedAt": now(),
    }
    rules[prefix,] = record
    return record


def _describe(request: Request) -> Members:
    prefixes = request.members.get("ecrRepositoryPrefixes")
    rules = request.scope.of("rule")
    if prefixes is None:
        return {"pullThroughCacheRules": list(rules.values())}
    return {"pullThroughCacheRules": [_find(request, prefix) for prefix in prefixes]}


def _update(request: Request) -> Members:
    record = _find(request, request.members["ecrRepositoryPrefix"])
    record.update({name: value for name, value in request.members.items() if name in _CHANGEABLE})
    record["updatedAt"] = now()
    return record


def _delete(request: Request) -> Members:
    record = _find(request, request.members["ecrRepositoryPrefix"])
    del request.scope.of("rule")[record["ecrRepositoryPrefix"],]
    return record


def _find(request: Request, prefix: str) -> Members:
    record = request.scope.of("rule").get((prefix,))
    if record is None:
        raise RefusedError("PullThroughCacheRuleNotFoundException", f"There is no rule with the prefix '{prefix}'.")
    return record


HANDLERS: dict[tuple[str, str], Handler] = {
    ("ecr", "CreatePullThroughCacheRule"): _create,
    ("ecr", "DescribePullThroughCacheRules"): _describe,
    ("ecr", "UpdatePullThroughCacheRule"): _update,
    ("ecr", "DeletePullThroughCacheRule"): _delete,
}
