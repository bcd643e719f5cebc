"""Every policy document that a component makes: linted, and without a wildcard that nobody gave a reason for."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import parliament
import pytest

SEVERE = ("MEDIUM", "HIGH", "CRITICAL")
TRUST = "assumeRolePolicy"

EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("Key ", "PERMISSIONS_MANAGEMENT_ACTIONS"): (
        "the account administers its own keys, or nobody could (AWS KMS guide, Default key policy)"
    ),
    ("Policy idp-test-boundary", "PERMISSIONS_MANAGEMENT_ACTIONS"): (
        "the foundation has roles, keys and buckets with policies; test_gitlab_boundary shows what it can't reach"
    ),
    ("Policy idp-test-boundary", "PRIVILEGE_ESCALATION"): (
        "parliament looks at actions alone: roles can be passed, but only bound ones; see test_gitlab_boundary"
    ),
    ("Policy idp-test-boundary", "CREDENTIALS_EXPOSURE"): (
        "nodes and pipelines log in to the registry, pods get credentials by Pod Identity: both short-lived"
    ),
    ("Role ", "CREDENTIALS_EXPOSURE"): "to give credentials is what a trust policy is for",
    ("Role ", "UNKNOWN_FEDERATION_SOURCE"): "parliament knows SAML and three public providers, not one of ours",
    ("Role ", "UNKNOWN_CONDITION_FOR_ACTION"): "keys of an OIDC provider are named after its host",
    ("RolePolicy idp-test-preview-state", "UNKNOWN_CONDITION_FOR_ACTION"): (
        "kms:ResourceAliases holds for every operation on a key (AWS KMS guide, Condition keys); parliament lacks it"
    ),
}
"""(Beginning of the document's owner, parliament's issue) -> why it is right all the same."""


@pytest.fixture(scope="module", autouse=True)
def community_auditors() -> None:
    """Give names and severities to what parliament's community auditors find."""
    parliament.override_config(str(Path(parliament.__file__).parent / "community_auditors" / "config_override.yaml"))


def severe(document: Any) -> set[str]:  # noqa: ANN401 - a fixture's class
    """Return parliament's issues above LOW in a document."""
    content = copy.deepcopy(document.content)
    if document.key == TRUST:
        # Its resource is the role itself, which IAM leaves out and parliament misses.
        for statement in content["Statement"]:
            statement["Resource"] = "*"
    found = parliament.analyze_policy_string(json.dumps(content), include_community_auditors=True).findings
    return {one.issue for one in found if parliament.enhance_finding(one).severity in SEVERE}


def excepted(owner: str, issue: str) -> list[tuple[str, str]]:
    return [key for key in EXCEPTIONS if owner.startswith(key[0]) and issue == key[1]]


def test_all_kinds_of_documents_are_there(built: Any) -> None:  # noqa: ANN401
    kinds = {(document.owner.split()[0], document.key) for document in built.documents()}
    kept = {"RolePolicy", "Policy", "Key", "BucketPolicy"}
    assert kinds == {("Role", TRUST), *((kind, "policy") for kind in kept)}
    assert len(built.documents()) >= 15


def test_the_linter_finds_something_and_no_more_than_is_written_here(built: Any, built_otherwise: Any) -> None:  # noqa: ANN401
    used = set()
    for document in (*built.documents(), *built_otherwise.documents()):
        for issue in severe(document):
            allowed = excepted(document.owner, issue)
            assert allowed, f"{document}: {issue}"
            used.update(allowed)
    assert used == set(EXCEPTIONS), "an exception that nothing needs"


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "iam:CreateUser", "Resource": "arn:aws:s3:::a"},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::a"},
        {"Action": "s3:GetObject", "Resource": "not an ARN"},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*", "Condition": {"Bool": {"aws:SourceIp": "true"}}},
        {"Action": "iam:CreateAccessKey", "Resource": "*"},
    ],
    ids=str,
)
def test_the_linter_sees_mistakes(built: Any, statement: dict[str, object]) -> None:  # noqa: ANN401
    document = copy.copy(built.documents()[0])
    content = {"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", **statement}]}
    assert severe(type(document)("RolePolicy x", "policy", content))


def wildcards(statement: Mapping[str, Any]) -> Iterator[str]:
    yield from (action for action in statement["Action"] if "*" in action)
    yield from (one for one in statement.get("Resource", ()) if one == "*" or one.endswith(":*"))
    yield from (one for group in statement.get("Principal", {}).values() for one in group if one == "*")


def test_every_wildcard_that_allows_something_has_a_reason(built: Any, built_otherwise: Any) -> None:  # noqa: ANN401
    count = 0
    for made in (built, built_otherwise):
        reasons = {(one.sid, tuple(one.actions)): one.reason for one in made.statements}
        for document in made.documents():
            for statement in document.content["Statement"]:
                if statement["Effect"] == "Allow" and list(wildcards(statement)):
                    count += 1
                    reason = reasons[(statement["Sid"], tuple(statement["Action"]))]
                    assert len(reason.split()) >= 5, f"{document}: {statement['Sid']}"
    assert count >= 20


def test_documents_are_current_have_sids_and_no_inverted_elements(built: Any) -> None:  # noqa: ANN401
    for document in built.documents():
        assert document.content["Version"] == "2012-10-17"
        sids = [statement["Sid"] for statement in document.content["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)
        for statement in document.content["Statement"]:
            assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement)


def test_trust_policies_fit_into_their_quota(built: Any) -> None:  # noqa: ANN401
    """2048 characters (docs.aws.amazon.com, IAM and STS quotas)."""
    for document in built.documents():
        if document.key == TRUST:
            assert len(json.dumps(document.content, separators=(",", ":"))) <= 2048


def test_only_the_named_outsiders_are_trusted(built: Any) -> None:  # noqa: ANN401
    trusted = {
        one
        for document in built.documents()
        for statement in document.content["Statement"]
        if statement["Effect"] == "Allow"
        for group in statement.get("Principal", {}).values()
        for one in group
    }
    assert trusted == {
        "*",  # of this account, and one role only: see test_a_key_is_used_through_its_services
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:oidc-provider/gitlab.example",
        "logging.s3.amazonaws.com",
        "logs.eu-central-1.amazonaws.com",
        "ec2.amazonaws.com",
        "eks.amazonaws.com",
        "pods.eks.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
    }


SERVICES = {"cluster": "eks", "volumes": "ec2", "buckets": "s3", "registry": "ecr"}


@pytest.mark.parametrize("purpose", SERVICES)
def test_a_key_is_used_through_its_services(built: Any, purpose: str) -> None:  # noqa: ANN401
    for statement in built.document(f"Key idp-test-{purpose}")["Statement"]:
        encrypts = {"kms:Decrypt", "kms:Encrypt"} & set(statement["Action"])
        if statement["Principal"] == {"AWS": ["*"]}:
            role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
            assert statement["Condition"]["ArnEquals"] == {"aws:PrincipalArn": f"arn:aws:iam::123456789012:{role}"}
            assert statement["Condition"]["StringEquals"] == {"kms:CallerAccount": "123456789012"}
        elif encrypts:
            via = {"kms:ViaService": f"{SERVICES[purpose]}.eu-central-1.amazonaws.com"}
            assert statement["Condition"] == {"StringEquals": {"kms:CallerAccount": "123456789012", **via}}


def test_nodes_can_start_with_encrypted_volumes(built: Any) -> None:  # noqa: ANN401
    """Without a grant to EC2 Auto Scaling instances end with Client.InternalError as soon as they start."""
    statements = {one["Sid"]: one for one in built.document("Key idp-test-volumes")["Statement"]}
    assert statements["NodesAttach"]["Action"] == ["kms:CreateGrant"]
    assert statements["NodesAttach"]["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}
    assert {"kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"} <= set(statements["Nodes"]["Action"])


def test_the_preview_role_reads_the_state_and_opens_its_key_alone(built: Any, built_otherwise: Any) -> None:  # noqa: ANN401
    aliased = {one["Sid"]: one for one in built.document("RolePolicy idp-test-preview-state")["Statement"]}
    assert aliased["Read"]["Resource"] == ["arn:aws:s3:::acme-state/pulumi/*"]
    assert aliased["Unseal"]["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/idp-test"]}}
    named = {one["Sid"]: one for one in built_otherwise.document("RolePolicy idp-test-preview-state")["Statement"]}
    assert named["Unseal"]["Resource"] == [
        "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    ]
    assert "Condition" not in named["Unseal"]
    reading = ("Get", "List", "Decrypt")
    actions = [action for one in aliased.values() for action in one["Action"]]
    assert all(action.partition(":")[2].startswith(reading) for action in actions)
    managed = {one["policyArn"] for one in built.of("RolePolicyAttachment").values() if "preview" in one["role"]}
    assert managed == {"arn:aws:iam::aws:policy/SecurityAudit"}


def test_lifecycles_of_repositories_are_what_ecr_reads(built: Any) -> None:  # noqa: ANN401
    """Priorities once each, `any` last (docs.aws.amazon.com/AmazonECR, Lifecycle policy properties)."""
    policies = built.of("LifecyclePolicy")
    assert set(policies) == {"idp-test-shop", "idp-test-pay"}
    for policy in policies.values():
        rules = json.loads(policy["policy"])["rules"]
        priorities = [rule["rulePriority"] for rule in rules]
        assert priorities == sorted(set(priorities))
        assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "any"]
        for rule in rules:
            assert set(rule) == {"rulePriority", "description", "selection", "action"}
            assert rule["action"] == {"type": "expire"}
            assert rule["selection"]["countNumber"] > 0
            assert ("countUnit" in rule["selection"]) == (rule["selection"]["countType"] == "sinceImagePushed")
