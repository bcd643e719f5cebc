from __future__ import annotations

import pytest

from policies.kinds import Anything, Everything, Match, Variant, exactly, kubernetes

MATCHER = kubernetes(Deployment="apps extensions", Pod="core")


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v2alpha1"])
@pytest.mark.parametrize("variant", list(Variant))
def test_every_version_and_variant(version: str, variant: Variant) -> None:
    assert MATCHER.match(f"kubernetes:apps/{version}:Deployment{variant.value}") == Match("Deployment", variant)


def test_a_group_of_the_past() -> None:
    assert MATCHER.match("kubernetes:extensions/v1beta1:Deployment") == Match("Deployment", Variant.WHOLE)


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:core/v1:PodTemplate",
        "kubernetes:core/v1:PodListPatch",
        "kubernetes:core/v1:Deployment",
        "kubernetes:apps.example.com/v1:Deployment",
        "kubernetes:apps/v1:deployment",
        "kubernetes:apps/v1:Deployment:more",
        "aws:apps/v1:Deployment",
        "pulumi:pulumi:Stack",
        "",
    ],
)
def test_nothing_else(token: str) -> None:
    assert MATCHER.match(token) is None


def test_anything() -> None:
    assert Anything().match("aws:s3/bucket:Bucket") == Match("aws:s3/bucket:Bucket", Variant.WHOLE)


BUCKETS = exactly(Bucket="aws:s3/bucket:Bucket aws:s3/bucketV2:BucketV2", Audit="vault:index/audit:Audit")


@pytest.mark.parametrize("token", ["aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"])
def test_every_spelling_is_of_one_kind(token: str) -> None:
    assert BUCKETS.match(token) == Match("Bucket", Variant.WHOLE)


@pytest.mark.parametrize("token", ["aws:s3/bucket:BucketList", "aws:s3/bucketPolicy:BucketPolicy", "bucket", ""])
def test_no_other_token(token: str) -> None:
    assert BUCKETS.match(token) is None


def test_types_are_described_as_programs_write_them() -> None:
    assert BUCKETS.describe() == "aws.s3.Bucket, vault.Audit"


def test_all_of_a_provider() -> None:
    matcher = Everything("aws")
    assert matcher.match("aws:s3/bucket:Bucket") == Match("aws:s3/bucket:Bucket", Variant.WHOLE)
    assert matcher.match("awsx:ec2:Vpc") is None
    assert matcher.match("pulumi:providers:aws") is None
    assert matcher.describe() == "every resource of aws"
