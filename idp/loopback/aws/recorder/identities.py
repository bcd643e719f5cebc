"""EKS Pod Identity associations, recorded."""

from __future__ import annotations

import secrets
import string

from idp.loopback.aws.recorder.clusters import cluster, now
from idp.loopback.aws.recorder.message import Handler, Members, Request, in_use, not_found

_DIGITS = 17
"""Of an association's id, after `a-`."""
_CHANGEABLE = ("roleArn", "targetRoleArn", "disableSessionTags")


def _create(request: Request) -> Members:
    members, scope = request.members, request.scope
    cluster(scope, members["clusterName"])
    place = [members[name] for name in ("clusterName", "namespace", "serviceAccount")]
    if place in ([item["clusterName"], item["namespace"], item["serviceAccount"]] for item in _all(request)):
        raise in_use(f"Association already exists: {place[1]}/{place[2]}")
    letters = string.ascii_lowercase + string.digits
    identity = "a-" + "".join(secrets.choice(letters) for _ in range(_DIGITS))
    arn = f"arn:aws:eks:{scope.region}:{scope.account}:podidentityassociation/{members['clusterName']}/{identity}"
    record = {
        "disableSessionTags": False,
        "tags": {},
        **{name: value for name, value in members.items() if name != "clientRequestToken"},
        "associationArn": arn,
        "associationId": identity,
        "createdAt": now(),
        "modifiedAt": now(),
    }
    scope.of("identity")[members["clusterName"], identity] = record
    return {"association": record}


def _describe(request: Request) -> Members:
    return {"association": _find(request)}


def _update(request: Request) -> Members:
    record = _find(request)
    record.update({name: value for name, value in request.members.items() if name in _CHANGEABLE})
    record["modifiedAt"] = now()
    return {"association": record}


def _delete(request: Request) -> Members:
    record = _find(request)
    del request.scope.of("identity")[record["clusterName"], record["associationId"]]
    return {"association": record}


def _list(request: Request) -> Members:
    cluster(request.scope, request.members["clusterName"])
    wanted = {name: request.members[name] for name in ("namespace", "serviceAccount") if name in request.members}
    matching = [item for item in _all(request) if all(item[name] == value for name, value in wanted.items())]
    return {"associations": matching}


def _all(request: Request) -> list[Members]:
    owner = request.members["clusterName"]
    return [item for key, item in sorted(request.scope.of("identity").items()) if key[0] == owner]


def _find(request: Request) -> Members:
    cluster(request.scope, request.members["clusterName"])
    identity = request.members["associationId"]
    record = request.scope.of("identity").get((request.members["clusterName"], identity))
    if record is None:
        raise not_found(f"No association found with id: {identity}.")
    return record


HANDLERS: dict[tuple[str, str], Handler] = {
    ("eks", "CreatePodIdentityAssociation"): _create,
    ("eks", "DescribePodIdentityAssociation"): _describe,
    ("eks", "UpdatePodIdentityAssociation"): _update,
    ("eks", "DeletePodIdentityAssociation"): _delete,
    ("eks", "ListPodIdentityAssociations"): _list,
}
