"""Tags of everything in EKS: moto removes tags of clusters only, and knows nothing of what is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from moto.eks.models import eks_backends

from idp.loopback.aws.recorder.message import Handler, Members, Request, Scope, not_found

_ARNS = {"addon": "addonArn", "entry": "accessEntryArn", "identity": "associationArn"}


def _tag(request: Request) -> Members:
    _find(request).update(request.members["tags"])
    return {}


def _untag(request: Request) -> Members:
    tags = _find(request)
    for key in request.members["tagKeys"]:
        tags.pop(key, None)
    return {}


def _list(request: Request) -> Members:
    return {"tags": _find(request)}


def _find(request: Request) -> dict[str, str]:
    wanted = request.members["resourceArn"]
    for arn, tags in _tagged(request.scope):
        if arn == wanted:
            return tags
    raise not_found(f"Resource {wanted} was not found")


def _tagged(scope: Scope) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the ARN and the tags, to be changed in place, of each resource."""
    for cluster in eks_backends[scope.account][scope.region].clusters.values():
        yield cluster.arn, cluster.tags
        for group in cluster.nodegroups.values():
            yield group.arn, group.tags
    for kind, member in _ARNS.items():
        for record in scope.of(kind).values():
            yield record[member], record["tags"]


HANDLERS: dict[tuple[str, str], Handler] = {
    ("eks", "TagResource"): _tag,
    ("eks", "UntagResource"): _untag,
    ("eks", "ListTagsForResource"): _list,
}
