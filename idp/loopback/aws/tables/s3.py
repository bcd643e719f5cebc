"""S3: buckets, and their settings as resources of their own."""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.aws.tables.common import LOCAL, TAGS
from idp.loopback.provider.api import ApiError
from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, If, Literal, Prop, Quirk, Row, Step, Template
from idp.loopback.provider.values import Properties

_BUCKET = {"Bucket": "$id"}
_MOST_ROUNDS = 10_000
_FIRST_REGION = "us-east-1"
"""The one region that S3 does not want to be told."""


def _empty(context: Context) -> None:
    """Delete every version of every object of a bucket that goes, if `forceDestroy` says so."""
    if not context.inputs.get("forceDestroy"):
        return
    for _ in range(_MOST_ROUNDS):
        answer = context.send("list_object_versions", Bucket=context.id)
        listed = [answer.get("Versions"), answer.get("DeleteMarkers")]
        objects = [
            {"Key": item["Key"], "VersionId": item["VersionId"]}
            for items in listed
            if isinstance(items, list)
            for item in items
        ]
        if not objects:
            return
        context.send("delete_objects", Bucket=context.id, Delete={"Objects": objects})
    raise ApiError("delete_objects", "TooMany", f"{context.id} is still not empty")


def _create(context: Context) -> Properties:
    configuration: Properties = {}
    if context.region != _FIRST_REGION:
        configuration = {"CreateBucketConfiguration": {"LocationConstraint": context.region}}
    if context.inputs.get("objectLockEnabled"):
        configuration["ObjectLockEnabledForBucket"] = True
    return context.send("create_bucket", Bucket=context.inputs["bucket"], **configuration)


BUCKET = Row(
    type="aws:s3/bucket:Bucket",
    service="s3",
    identity="{bucket}",
    create=(Quirk(_create, on=("bucket", "objectLockEnabled")),),
    read=(
        Call("get_bucket_location", _BUCKET, pick="{LocationConstraint: LocationConstraint}"),
        Call("get_bucket_tagging", _BUCKET, pick="{TagSet: TagSet}"),
        Call(
            "get_object_lock_configuration",
            _BUCKET,
            pick="ObjectLockConfiguration.ObjectLockEnabled == 'Enabled'",
            under="ObjectLockEnabled",
        ),
    ),
    update=(
        Call(
            "put_bucket_tagging",
            {**_BUCKET, "Tagging": {"TagSet": "$tagsAll"}},
            on=("tagsAll",),
            needs="$tagsAll",
            by_name=False,
        ),
        Call("delete_bucket_tagging", _BUCKET, on=("tagsAll",), unless="$tagsAll", by_name=False),
    ),
    delete=(Quirk(_empty), Call("delete_bucket", _BUCKET)),
    properties={
        "bucket": Prop(out="$id"),
        "objectLockEnabled": Prop(default=False),
        "forceDestroy": LOCAL,
        **TAGS,
    },
    computed={
        "arn": "arn:aws:s3:::{id}",
        "bucketDomainName": "{id}.s3.amazonaws.com",
        "bucketRegion": "$region",
        "bucketRegionalDomainName": "{id}.s3.{region}.amazonaws.com",
    },
    absent=(
        "accelerationStatus",
        "acl",
        "bucketNamespace",
        "bucketPrefix",
        "corsRules",
        "grants",
        "hostedZoneId",
        "lifecycleRules",
        "logging",
        "objectLockConfiguration",
        "policy",
        "replicationConfiguration",
        "requestPayer",
        "serverSideEncryptionConfiguration",
        "versioning",
        "website",
        "websiteDomain",
        "websiteEndpoint",
    ),
    autoname="bucket",
    unique=("bucket",),
)


def _setting(
    name: str,
    put: tuple[str, Mapping[str, Template]],
    get: tuple[str, str],
    delete: Step,
    properties: Mapping[str, Prop],
    absent: tuple[str, ...] = (),
) -> Row:
    """Return the row of a setting: one operation writes it whole, one reads it, one takes it away."""
    members = {"Bucket": "$bucket", **put[1]}
    return Row(
        type=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        service="s3",
        identity="{bucket}",
        create=(Call(put[0], members, by_name=False),),
        read=(Call(get[0], _BUCKET, pick=get[1], by_name=False),),
        update=(Call(put[0], members, on=tuple(properties), by_name=False),),
        delete=(delete,),
        properties={"bucket": Prop(out="$id"), **properties},
        absent=absent,
        unique=("bucket",),
    )


def _clear(operation: str) -> Step:
    return Call(operation, _BUCKET, by_name=False)


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

PUBLIC_ACCESS = _setting(
    "BucketPublicAccessBlock",
    (
        "put_public_access_block",
        {"PublicAccessBlockConfiguration": {name[0].upper() + name[1:]: f"${name}" for name in _BLOCKS}},
    ),
    ("get_public_access_block", "PublicAccessBlockConfiguration"),
    _clear("delete_public_access_block"),
    {name: Prop(default=False) for name in _BLOCKS},
    absent=("skipDestroy",),
)

POLICY = _setting(
    "BucketPolicy",
    ("put_bucket_policy", {"Policy": "$policy"}),
    ("get_bucket_policy", "{Policy: Policy}"),
    _clear("delete_bucket_policy"),
    {"policy": Prop()},
)

ENCRYPTION = _setting(
    "BucketServerSideEncryptionConfiguration",
    ("put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": "$rules"}}),
    ("get_bucket_encryption", "ServerSideEncryptionConfiguration"),
    _clear("delete_bucket_encryption"),
    {"rules": Prop(defaults={"bucketKeyEnabled": False})},
    absent=("expectedBucketOwner",),
)

VERSIONING = _setting(
    "BucketVersioning",
    ("put_bucket_versioning", {"VersioningConfiguration": "$versioningConfiguration"}),
    ("get_bucket_versioning", "Status && {versioningConfiguration: {status: Status, mfaDelete: MFADelete}} || null"),
    # A bucket that once had versions can only stop making new ones.
    Call("put_bucket_versioning", {**_BUCKET, "VersioningConfiguration": {"Status": "Suspended"}}, by_name=False),
    {"versioningConfiguration": Prop(kept_inside=("mfaDelete",))},
    absent=("expectedBucketOwner", "mfa"),
)

LIFECYCLE = _setting(
    "BucketLifecycleConfiguration",
    ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": "$rules"}}),
    ("get_bucket_lifecycle_configuration", "{Rules: Rules}"),
    _clear("delete_bucket_lifecycle"),
    # A rule for everything has a filter all the same.
    {"rules": Prop(defaults={"filter": {"prefix": ""}}, kept_inside=("prefix",))},
    absent=("expectedBucketOwner", "timeouts", "transitionDefaultMinimumObjectSize"),
)

OWNERSHIP = _setting(
    "BucketOwnershipControls",
    ("put_bucket_ownership_controls", {"OwnershipControls": {"Rules": ["$rule"]}}),
    ("get_bucket_ownership_controls", "{rule: OwnershipControls.Rules[0]}"),
    _clear("delete_bucket_ownership_controls"),
    {"rule": Prop()},
)

LOGGING = _setting(
    "BucketLogging",
    (
        "put_bucket_logging",
        {
            "BucketLoggingStatus": {
                "LoggingEnabled": {
                    "TargetBucket": "$targetBucket",
                    "TargetPrefix": If("$targetPrefix", "$targetPrefix", Literal("")),
                }
            }
        },
    ),
    ("get_bucket_logging", "LoggingEnabled"),
    Call("put_bucket_logging", {**_BUCKET, "BucketLoggingStatus": {}}, by_name=False),
    {"targetBucket": Prop(), "targetPrefix": Prop()},
    absent=("expectedBucketOwner", "targetGrants", "targetObjectKeyFormat"),
)

ROWS = (BUCKET, PUBLIC_ACCESS, POLICY, ENCRYPTION, VERSIONING, LIFECYCLE, OWNERSHIP, LOGGING)
