"""Buckets of S3 and what is declared beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from policies.companions import Answers, Companions, Judge, value
from policies.kinds import Exactly, exactly
from policies.plain import UNKNOWN, Plain, at
from policies.rule import Resource
from policies.truth import Truth

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
    serves: Judge,
    says: str,
    by_itself: Callable[[Sequence[Resource]], Judge] | None = None,
) -> Companions:
    """Return the check that each bucket has a companion of the kind `by` which `serves`."""
    return Companions("Bucket", by, name, value("bucket"), serves, says, by_itself)


def takes_logs(everything: Sequence[Resource]) -> Judge:
    """Return the function that tells whether other buckets log their accesses to a bucket.

    S3 encrypts such a bucket by itself only, and it need not log its own accesses (docs.aws.amazon.com/AmazonS3,
    Logging requests with server access logging).
    """
    targets = Answers((at(one.props, "targetBucket"), True) for one in everything if one.kind == "BucketLogging")
    return lambda bucket: targets.of(name(bucket))


def name(bucket: Resource) -> Plain:
    """Return the name of a bucket."""
    own = at(bucket.props, "bucket")
    return at(bucket.props, "id") if own is None else own


def is_value(found: Plain, *allowed: Plain) -> Truth:
    """Tell whether a value is one of those; None where it is not known."""
    return None if found is UNKNOWN else found in allowed
