from __future__ import annotations

import pytest

from policies.kinds import Anything, Match, Variant, kubernetes

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
