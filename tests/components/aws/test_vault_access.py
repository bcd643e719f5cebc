"""Vault's pods in AWS: exactly the calls they make, each by the service account that makes it and no other."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from parliament import iam_definition

from components.aws.vault_access import PREFIX
from components.vault_server.snapshots import SnapshotBucket

Built = Any
Judge = Any
ACCOUNT, REGION, CLUSTER, NAMESPACE = "123456789012", "eu-central-1", "idp-test", "idp-vault"
PODS = "pods.eks.amazonaws.com"
BUCKET = "arn:aws:s3:::acme-idp-test-vault-snapshots"
SNAPSHOT = f"{BUCKET}/vault/2026-11-25T16-23-00Z.snap"
UNSEAL_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/5678abcd-12ab-34cd-56ef-1234567890ab"
BUCKET_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEYS = {UNSEAL_KEY: "unseal", BUCKET_KEY: "buckets"}
"""Key -> its purpose."""
VIA_S3 = f"s3.{REGION}.amazonaws.com"

Call = tuple[str, str, str | None, str | None]
"""Action, resource, the service through which a key is used, the prefix that is listed."""

RIGHTS: dict[str, set[Call]] = {
    "vault": {
        (f"kms:{action}", UNSEAL_KEY, via, None)
        for action in ("Encrypt", "Decrypt", "DescribeKey")
        for via in (None, VIA_S3, f"ec2.{REGION}.amazonaws.com")
    },
    "vault-snapshot": {
        ("s3:PutObject", SNAPSHOT, None, None),
        ("kms:GenerateDataKey", BUCKET_KEY, VIA_S3, None),
    },
    "vault-restore": {
        ("s3:ListBucket", BUCKET, None, "vault/"),
        ("s3:GetObject", SNAPSHOT, None, None),
        ("kms:Decrypt", BUCKET_KEY, VIA_S3, None),
    },
}
"""Service account -> all that it may do."""

every_account = pytest.mark.parametrize("account", RIGHTS)


def actions(service: str) -> list[str]:
    """Return every action of a service, from parliament's copy of AWS's service authorization reference."""
    [found] = [one["privileges"] for one in iam_definition if one["prefix"] == service]
    return [f"{service}:{one['privilege']}" for one in found]


def calls() -> list[Call]:
    """Return whatever one could try: every action of KMS and S3, on ours and on others', in several ways."""
    keys = (UNSEAL_KEY, BUCKET_KEY, UNSEAL_KEY.replace("5678", "9999"), UNSEAL_KEY.replace(REGION, "eu-west-1"), "*")
    via = (None, VIA_S3, f"ec2.{REGION}.amazonaws.com")
    others = (f"{BUCKET}/x", f"{BUCKET}/vault", "arn:aws:s3:::acme-idp-test-runner-cache/vault/x", f"{BUCKET}x/vault/x")
    names = (BUCKET, SNAPSHOT, *others, "arn:aws:s3:::acme-idp-test-runner-cache", "*")
    prefixes = (None, "", "vault/", "v", "vault", "other/")
    return [
        *((action, key, one, None) for action, key, one in product(actions("kms"), keys, via)),
        *((action, name, None, one) for action, name, one in product(actions("s3"), names, prefixes)),
    ]


def allowed(policy: Any, call: Call) -> bool:  # noqa: ANN401 - a fixture's class
    action, resource, via, prefix = call
    context = {"kms:ViaService": via, "kms:CallerAccount": ACCOUNT, "s3:prefix": prefix}
    return bool(policy.allows(action, resource, {key: value for key, value in context.items() if value is not None}))


@every_account
def test_an_account_may_do_what_it_does_and_nothing_else(built: Built, judge: Judge, account: str) -> None:
    policy = judge(built.document(f"RolePolicy idp-test-{account}"))
    tried = calls()
    assert len(tried) > 3000
    # What is no listing has no prefix; a permission without that condition holds with any.
    found = {
        (action, name, via, prefix)
        for action, name, via, prefix in tried
        if allowed(policy, (action, name, via, prefix))
    }
    listing = {call for call in found if call[0] == "s3:ListBucket"}
    assert listing | {(action, name, via, None) for action, name, via, _ in found - listing} == RIGHTS[account]


@every_account
def test_neither_the_boundary_nor_the_key_stands_in_the_way(built: Built, judge: Judge, account: str) -> None:
    """IAM allows what the role, its boundary and, of a key, the key's own policy all allow."""
    role = built.of("Role")[f"idp-test-{account}"]
    assert role["permissionsBoundary"] == f"arn:aws:iam::{ACCOUNT}:policy/idp-test-boundary"
    boundary = judge(built.document("Policy idp-test-boundary"))
    keys = {key: judge(built.document(f"Key idp-test-{of}")) for key, of in KEYS.items()}
    for call in RIGHTS[account]:
        assert allowed(boundary, call), call
        if call[1] in keys:
            assert allowed(keys[call[1]], call), call


def tags(**changes: str | None) -> dict[str, str]:
    """Return what EKS says when it takes a role for a pod; None leaves a key out."""
    told: dict[str, str | None] = {
        "aws:SourceAccount": ACCOUNT,
        "aws:RequestTag/eks-cluster-name": CLUSTER,
        "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}",
        "aws:RequestTag/kubernetes-namespace": NAMESPACE,
        **{key.replace("_", "-").replace("tag-", "aws:RequestTag/"): value for key, value in changes.items()},
    }
    return {key: value for key, value in told.items() if value is not None}


@every_account
@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:TagSession"])
def test_only_the_accounts_own_pods_get_its_role(built: Built, judge: Judge, account: str, action: str) -> None:
    trust = judge(built.document(f"Role idp-test-{account}", "assumeRolePolicy"))
    own = tags(tag_kubernetes_service_account=account)
    assert trust.trusts_service(PODS, action, own)
    assert not trust.trusts_service("ec2.amazonaws.com", action, own)
    assert not trust.trusts_service("eks.amazonaws.com", action, own)
    for other in {*RIGHTS, "default", "idp-deploy", "vaul", "vault*"} - {account}:
        assert not trust.trusts_service(PODS, action, tags(tag_kubernetes_service_account=other)), other
    for key in own.keys() - {"aws:RequestTag/eks-cluster-arn"}:
        # Somebody else's, or tags switched off by the association.
        assert not trust.trusts_service(PODS, action, {**own, key: "other"}), key
        assert not trust.trusts_service(PODS, action, {one: value for one, value in own.items() if one != key}), key


@every_account
def test_each_account_is_given_its_own_role(built: Built, account: str) -> None:
    association = built.of("PodIdentityAssociation")[f"idp-test-{account}"]
    assert (association["clusterName"], association["namespace"]) == (CLUSTER, NAMESPACE)
    assert association["serviceAccount"] == account
    role = f"arn:aws:iam::{ACCOUNT}:role/idp/idp-test-{account}-1a2b3c4"
    assert association["roleArn"] == role
    assert "disableSessionTags" not in association, "the trust policy goes by them"


def test_snapshots_lie_where_the_jobs_put_them() -> None:
    assert SnapshotBucket(name="x", region=REGION).prefix == PREFIX
