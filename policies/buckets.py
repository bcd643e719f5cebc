"""Buckets of S3 and what is declared beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from policies.companions import Companions, same
from policies.kinds import Exactly, exactly
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Resource
from policies.truth import Truth, some

BUCKET = "aws:s3/bucket:Bucket"
_TOKENS = {
    # As pulumi-aws 7 has them, then as 6 had them.
    "Bucket": f"{BUCKET} aws:s3/bucketV2:BucketV2",
    "BucketPublicAccessBlock": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "BucketServerSideEncryptionConfiguration": (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        " aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
    ),
    "BucketVersioning": "aws:s3/bucketVersioning:BucketVersioning aws:s3/bucketVersioningV2:BucketVersioningV2",
    "BucketLogging": "aws:s3/bucketLogging:BucketLogging aws:s3/bucketLoggingV2:BucketLoggingV2",
    "BucketPolicy": "aws:s3/bucketPolicy:BucketPolicy",
}


def kinds(*wanted: str) -> Exactly:
    """Return the matcher for kinds, such as `Bucket` and `BucketPolicy`."""
    return exactly(**{kind: _TOKENS[kind] for kind in wanted})


def token(kind: str) -> str:
    """Return the token of a kind in today's spelling, for samples."""
    return _TOKENS[kind].split()[0]


def each(
    by: str,
    serves: Callable[[Resource], Truth],
    says: str,
    by_itself: Callable[[Resource, Sequence[Resource]], Truth] | None = None,
) -> Companions:
    """Return the check that each bucket has a companion of the kind `by` which `serves`."""
    return Companions("Bucket", by, _is_of, serves, says, by_itself)


def takes_logs(bucket: Resource, everything: Sequence[Resource]) -> Truth:
    """Tell whether other buckets log their accesses here.

    S3 encrypts such a bucket by itself only, and it need not log its own accesses (docs.aws.amazon.com/AmazonS3,
    Logging requests with server access logging).
    """
    targets = (at(one.props, "targetBucket") for one in everything if one.kind == "BucketLogging")
    return some(same(target, name(bucket)) for target in targets)


def name(bucket: Resource) -> Plain:
    """Return the name of a bucket."""
    own = at(bucket.props, "bucket")
    return at(bucket.props, "id") if own is None else own


def _is_of(companion: Resource, bucket: Resource) -> Truth:
    return same(at(companion.props, "bucket"), name(bucket))


def is_value(value: Plain, *allowed: Plain) -> Truth:
    """Tell whether a value is one of those; None where it is not known."""
    return None if value is UNKNOWN else value in allowed
