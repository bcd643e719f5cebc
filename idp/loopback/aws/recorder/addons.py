"""EKS add-ons, recorded."""

from __future__ import annotations

import uuid

from idp.loopback.aws.recorder.clusters import cluster, now, update
from idp.loopback.aws.recorder.message import Handler, Members, Request, in_use, not_found

_DEFAULT_VERSION = "v1.0.0-eksbuild.1"
"""Of an add-on whose version nobody asked for; no version of any real add-on."""


def _create(request: Request) -> Members:
    members, scope = request.members, request.scope
    cluster(scope, members["clusterName"])
    key = (members["clusterName"], members["addonName"])
    if key in scope.of("addon"):
        raise in_use(f"Addon already exists: {key[1]}")
    record = {
        "addonVersion": _DEFAULT_VERSION,
        "tags": {},
        **{name: value for name, value in members.items() if name in _KEPT},
        "status": "ACTIVE",
        "health": {"issues": []},
        "addonArn": f"arn:aws:eks:{scope.region}:{scope.account}:addon/{key[0]}/{key[1]}/{uuid.uuid4()}",
        "createdAt": now(),
        "modifiedAt": now(),
    }
    scope.of("addon")[key] = record
    return {"addon": record}


def _describe(request: Request) -> Members:
    return {"addon": _find(request)}


def _update(request: Request) -> Members:
    record = _find(request)
    for name in _CHANGEABLE:
        # An empty text takes the value away.
        if name in request.members:
            record[name] = request.members[name] or None
    record["modifiedAt"] = now()
    return update("AddonUpdate")


def _delete(request: Request) -> Members:
    record = _find(request)
    del request.scope.of("addon")[request.members["clusterName"], request.members["addonName"]]
    return {"addon": {**record, "status": "DELETING"}}


def _list(request: Request) -> Members:
    cluster(request.scope, request.members["clusterName"])
    keys = sorted(request.scope.of("addon"))
    return {"addons": [name for owner, name in keys if owner == request.members["clusterName"]]}


def _find(request: Request) -> Members:
    cluster(request.scope, request.members["clusterName"])
    record = request.scope.of("addon").get((request.members["clusterName"], request.members["addonName"]))
    if record is None:
        raise not_found(f"No addon: {request.members['addonName']} found in cluster: {request.members['clusterName']}")
    return record


_CHANGEABLE = ("addonVersion", "configurationValues", "serviceAccountRoleArn")
_KEPT = ("clusterName", "addonName", "tags", *_CHANGEABLE)

HANDLERS: dict[tuple[str, str], Handler] = {
    ("eks", "CreateAddon"): _create,
    ("eks", "DescribeAddon"): _describe,
    ("eks", "UpdateAddon"): _update,
    ("eks", "DeleteAddon"): _delete,
    ("eks", "ListAddons"): _list,
}
