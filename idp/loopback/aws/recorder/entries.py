"""EKS access entries and the access policies associated with them, recorded."""

from __future__ import annotations

import uuid

from idp.loopback.aws.recorder.clusters import cluster, now
from idp.loopback.aws.recorder.message import Handler, Members, Request, in_use, not_found

Key = tuple[str, str]


def _create(request: Request) -> Members:
    members, scope = request.members, request.scope
    key = _key(request)
    cluster(scope, key[0])
    if key in scope.of("entry"):
        raise in_use("The specified access entry resource is already in use on this cluster.")
    suffix = f"{key[0]}/role/{scope.account}/{key[1].rsplit('/', 1)[-1]}/{uuid.uuid4()}"
    record = {
        "type": "STANDARD",
        "kubernetesGroups": [],
        "username": key[1],
        "tags": {},
        **{name: value for name, value in members.items() if name != "clientRequestToken"},
        "accessEntryArn": f"arn:aws:eks:{scope.region}:{scope.account}:access-entry/{suffix}",
        "createdAt": now(),
        "modifiedAt": now(),
    }
    scope.of("entry")[key] = record
    return {"accessEntry": record}


def _describe(request: Request) -> Members:
    return {"accessEntry": _find(request)}


def _update(request: Request) -> Members:
    record = _find(request)
    given: Members = {
        name: request.members[name] for name in ("kubernetesGroups", "username") if name in request.members
    }
    record.update({**given, "modifiedAt": now()})
    return {"accessEntry": record}


def _delete(request: Request) -> Members:
    _find(request)
    key = _key(request)
    del request.scope.of("entry")[key]
    policies = request.scope.of("policy")
    for associated in [associated for associated in policies if associated[:2] == key]:
        del policies[associated]
    return {}


def _list(request: Request) -> Members:
    cluster(request.scope, request.members["clusterName"])
    keys = sorted(request.scope.of("entry"))
    return {"accessEntries": [arn for owner, arn in keys if owner == request.members["clusterName"]]}


def _associate(request: Request) -> Members:
    _find(request)
    record = {
        "policyArn": request.members["policyArn"],
        "accessScope": request.members["accessScope"],
        "associatedAt": now(),
        "modifiedAt": now(),
    }
    request.scope.of("policy")[(*_key(request), request.members["policyArn"])] = record
    return {**_owner(request), "associatedAccessPolicy": record}


def _disassociate(request: Request) -> Members:
    _find(request)
    removed = request.scope.of("policy").pop((*_key(request), request.members["policyArn"]), None)
    if removed is None:
        raise not_found("The specified policyArn is not associated with the access entry.")
    return {}


def _associated(request: Request) -> Members:
    _find(request)
    found = [item for key, item in sorted(request.scope.of("policy").items()) if key[:2] == _key(request)]
    return {**_owner(request), "associatedAccessPolicies": found}


def _key(request: Request) -> Key:
    return request.members["clusterName"], request.members["principalArn"]


def _owner(request: Request) -> Members:
    return {name: request.members[name] for name in ("clusterName", "principalArn")}


def _find(request: Request) -> Members:
    cluster(request.scope, request.members["clusterName"])
    record = request.scope.of("entry").get(_key(request))
    if record is None:
        raise not_found("The specified principalArn could not be found on this cluster.")
    return record


HANDLERS: dict[tuple[str, str], Handler] = {
    ("eks", "CreateAccessEntry"): _create,
    ("eks", "DescribeAccessEntry"): _describe,
    ("eks", "UpdateAccessEntry"): _update,
    ("eks", "DeleteAccessEntry"): _delete,
    ("eks", "ListAccessEntries"): _list,
    ("eks", "AssociateAccessPolicy"): _associate,
    ("eks", "DisassociateAccessPolicy"): _disassociate,
    ("eks", "ListAssociatedAccessPolicies"): _associated,
}
