"""What holds data is not deleted by an update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from policies.kinds import exactly
from policies.rule import Finding, Resource, Rule, Severity, Violation
from policies.samples import declared


def _check(resource: Resource) -> Iterator[Finding]:
    if resource.protect is False:
        yield Violation("can be deleted by an update; allowed is `protect=True`", "")


_BUCKET, _KEY, _MOUNT = "aws:s3/bucket:Bucket", "aws:kms/key:Key", "vault:index/mount:Mount"


def _marked(token: str, *, protect: bool | None) -> Resource:
    return replace(declared(token), protect=protect)


RULE = Rule(
    id="stateful_protected",
    title="What holds data is protected",
    severity=Severity.HIGH,
    why="A renamed or removed line of a program deletes the bucket, key or database behind it, with all that is in it.",
    remedy="Set `protect=True` in its `ResourceOptions`; what is to be thrown away gets an exemption that says so.",
    types=exactly(
        Bucket=f"{_BUCKET} aws:s3/bucketV2:BucketV2",
        Key=_KEY,
        Cluster="aws:eks/cluster:Cluster",
        Repository="aws:ecr/repository:Repository",
        Zone="aws:route53/zone:Zone",
        DbInstance="aws:rds/instance:Instance",
        DbCluster="aws:rds/cluster:Cluster",
        FileSystem="aws:efs/fileSystem:FileSystem",
        Table="aws:dynamodb/table:Table",
        Mount=_MOUNT,
    ),
    check=_check,
    passing=(
        _marked(_BUCKET, protect=True),
        _marked(_MOUNT, protect=True),
        # Nobody says: what is read from a file has no such option.
        _marked(_BUCKET, protect=None),
    ),
    failing=(
        _marked(_BUCKET, protect=False),
        _marked("aws:s3/bucketV2:BucketV2", protect=False),
        _marked(_KEY, protect=False),
        _marked(_MOUNT, protect=False),
    ),
)
