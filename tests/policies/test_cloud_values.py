"""What the rules about AWS and Vault refuse, value by value, written down a second time without their constants."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from idp.loopback.provider import schema
from policies.catalogue import Catalogue, load
from policies.evaluate import evaluate_resource, evaluate_stack
from policies.kinds import Exactly
from policies.plain import UNKNOWN, Plain
from policies.report import refuses
from policies.rule import Resource, Rule, StackRule

CATALOGUE = load()
BY_ID = {rule.id: rule for rule in CATALOGUE.rules}
CLOUD = [rule for rule in CATALOGUE.rules if isinstance(rule.types, Exactly)]
TOKENS = sorted(
    {token for rule in CLOUD if isinstance(rule.types, Exactly) for _, all_ in rule.types.kinds for token in all_}
)
BY_ENGINE = {"id"}
"""What every resource has, beside what its type says."""


@cache
def kinds(token: str) -> dict[str, schema.Kind]:
    """Return the properties of a type, as its SDK has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = schema.load(f"pulumi_{token.partition(':')[0]}", token)
    return {**dict.fromkeys(BY_ENGINE, schema.Kind("string")), **found.outputs, **found.inputs}


def properties(token: str) -> frozenset[str]:
    """Return their names."""
    return frozenset(kinds(token))


def _is_there(path: str, fields: Mapping[str, schema.Kind]) -> bool:
    """Tell whether a path leads through properties that there are, as far as the SDK says what is in them."""
    key, _, rest = path.partition(".")
    kind = fields.get(re.split(r"\[", key)[0])
    if kind is None:
        return False
    inner = kind.item if kind.name == "list" and kind.item else kind
    return inner.name != "object" or not rest or _is_there(rest, inner.fields)


def _paths(rule: Rule | StackRule, sample: Resource | tuple[Resource, ...]) -> list[tuple[str, str]]:
    """Return where a rule finds something: the type, and the path."""
    alone = Catalogue((rule,))
    found = evaluate_resource(alone, sample) if isinstance(sample, Resource) else evaluate_stack(alone, sample)
    return [(one.resource.type, getattr(one.finding, "path", "")) for one in found if one.resource is not None]


def test_there_are_rules_for_both() -> None:
    assert len(CLOUD) >= 40
    assert {token.partition(":")[0] for token in TOKENS} == {"aws", "vault"}


@pytest.mark.parametrize("token", TOKENS)
def test_every_type_is_one_of_the_sdk(token: str) -> None:
    """A misspelt token would be a rule that looks at nothing."""
    assert properties(token)


@pytest.mark.parametrize("rule", CLOUD, ids=lambda rule: rule.id)
def test_every_property_is_one_of_its_type(rule: Rule | StackRule) -> None:
    """A misspelt name would be a property that nobody sets: in the samples, and where a finding says that it is."""
    for sample in (*rule.passing, *rule.failing):
        for resource in (sample,) if isinstance(sample, Resource) else sample:
            assert set(resource.props) <= properties(resource.type), resource.type
        for token, path in _paths(rule, sample):
            assert not path or _is_there(path, kinds(token)), path


def refused(rule: str, token: str, **props: Plain) -> bool:
    judged = BY_ID[rule]
    found = evaluate_resource(Catalogue((judged,)), Resource(token, "thing", props))
    assert judged.types.match(token)
    return any(refuses(one) for one in found)


CLUSTER = "aws:eks/cluster:Cluster"


@pytest.mark.parametrize("version", ["1.32", "1.33", "1.34", "1.35", "1.36"])
def test_versions_that_aws_supports(version: str) -> None:
    assert not refused("eks_version", CLUSTER, version=version)


@pytest.mark.parametrize("version", ["1.31", "1.30", "1.9", "1.37", "2.0", "1.33.1", "", None])
def test_versions_that_aws_does_not_support(version: str | None) -> None:
    assert refused("eks_version", CLUSTER, version=version)


@pytest.mark.parametrize("lacking", ["api", "audit", "authenticator", "controllerManager", "scheduler"])
def test_every_log_is_wanted(lacking: str) -> None:
    every: list[Plain] = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    assert not refused("eks_logging", CLUSTER, enabledClusterLogTypes=every)
    assert refused("eks_logging", CLUSTER, enabledClusterLogTypes=[one for one in every if one != lacking])


@pytest.mark.parametrize(
    "action",
    [
        "iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy",
        "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreatePolicyVersion", "iam:PassRole",
        "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:PutUserPolicy", "iam:SetDefaultPolicyVersion",
        "iam:UpdateAssumeRolePolicy", "iam:UpdateLoginProfile", "sts:AssumeRole",
    ],
)  # fmt: skip
def test_what_gives_the_rights_of_others(action: str) -> None:
    def allowed(**more: Plain) -> dict[str, Plain]:
        return {"Statement": {"Effect": "Allow", "Action": action, "Resource": "*", **more}}

    policy = "aws:iam/policy:Policy"
    assert refused("iam_escalation", policy, policy=allowed())
    assert not refused("iam_escalation", policy, policy=allowed(Resource="arn:aws:iam::1:role/idp/*"))
    assert not refused("iam_escalation", policy, policy=allowed(Resource=f"arn:aws:iam::1:{action}/idp/*"))


@pytest.mark.parametrize(
    "key",
    [
        "iam:PassedToService", "iam:PermissionsBoundary", "iam:PolicyARN", "iam:ResourceTag/team",
        "aws:ResourceTag/team",
    ],
)  # fmt: skip
def test_conditions_that_hold_an_action_to_some(key: str) -> None:
    statement: Plain = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "*",
        "Condition": {"StringEquals": {key: "a"}},
    }
    assert not refused("iam_escalation", "aws:iam/policy:Policy", policy={"Statement": [statement]})


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("role", "iam:PassRole"),
        ("policy", "iam:CreatePolicyVersion"),
        ("user", "iam:PutUserPolicy"),
        ("group", "iam:PutGroupPolicy"),
    ],
)
def test_all_of_one_kind_is_as_good_as_all(kind: str, other: str) -> None:
    def allowed(resource: str) -> Plain:
        return {"Statement": {"Effect": "Allow", "Action": other, "Resource": f"arn:aws:iam::123456789012:{resource}"}}

    token = "aws:iam/policy:Policy"  # noqa: S105
    assert refused("iam_escalation", token, policy=allowed(f"{kind}/*"))
    assert not refused("iam_escalation", token, policy=allowed(f"{kind}/path/*"))
    assert not refused("iam_escalation", token, policy=allowed(f"{kind}/*-suffix"))


@pytest.mark.parametrize("name", ["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"])
def test_administrators_policies_of_aws(name: str) -> None:
    attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert refused("iam_admin", attachment, policyArn=f"arn:aws:iam::aws:policy/{name}")
    assert not refused("iam_admin", attachment, policyArn=f"arn:aws:iam::aws:policy/Not{name}")


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:ReEncryptFrom"])
@pytest.mark.parametrize("resource", ["*", "arn:aws:kms:*:*:key/*", "arn:aws:kms:eu-central-1:1:*"])
def test_decryption_with_every_key(action: str, resource: str) -> None:
    statement: Plain = {"Effect": "Allow", "Action": action, "Resource": resource}
    assert refused("iam_kms_decrypt", "aws:iam/policy:Policy", policy={"Statement": statement})


@pytest.mark.parametrize("acl", ["public-read", "public-read-write", "authenticated-read"])
@pytest.mark.parametrize("token", ["aws:s3/bucketAcl:BucketAcl", "aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"])
def test_access_lists_for_everybody(acl: str, token: str) -> None:
    assert refused("s3_bucket_policy", token, acl=acl)


@pytest.mark.parametrize("acl", ["private", "log-delivery-write", "bucket-owner-full-control", None])
def test_access_lists_for_somebody(acl: str | None) -> None:
    assert not refused("s3_bucket_policy", "aws:s3/bucketAcl:BucketAcl", acl=acl)


@pytest.mark.parametrize(
    "key",
    [
        "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:SourceAccount",
        "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOwner", "aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce",
        "aws:userid", "kms:CallerAccount", "s3:DataAccessPointAccount", "s3:DataAccessPointArn",
    ],
)  # fmt: skip
def test_conditions_that_say_whose(key: str) -> None:
    statement: dict[str, Plain] = {"Effect": "Allow", "Action": "s3:*", "Principal": "*"}
    for value, open_ in (("fixed", False), ("wild*", True)):
        policy: Plain = {"Statement": {**statement, "Condition": {"StringLike": {key: value}}}}
        assert refused("s3_bucket_policy", "aws:s3/bucketPolicy:BucketPolicy", policy=policy) is open_
        assert refused("kms_key_policy", "aws:kms/key:Key", policy=policy) is open_


@pytest.mark.parametrize("port", [0, 21, 22, 79, 81, 442, 444, 3306, 3389, 5432, 6443, 8080, 8443, 65535])
@pytest.mark.parametrize("where", ["0.0.0.0/0", "::/0"])
def test_ports_that_nobody_opens_to_everybody(port: int, where: str) -> None:
    key = "cidrIpv6" if ":" in where else "cidrIpv4"
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert refused("security_group_open", rule, ipProtocol="tcp", fromPort=port, toPort=port, **{key: where})


@pytest.mark.parametrize("port", [80, 443])
@pytest.mark.parametrize(
    ("protocol", "open_"), [("tcp", True), ("6", True), ("TCP", True), ("udp", False), ("17", False)]
)
def test_ports_for_everybody(port: int, protocol: str, open_: bool) -> None:
    rule: Plain = {"protocol": protocol, "fromPort": port, "toPort": port, "cidrBlocks": ["0.0.0.0/0"]}
    assert refused("security_group_open", "aws:ec2/securityGroup:SecurityGroup", ingress=[rule]) is not open_


@pytest.mark.parametrize("protocol", ["icmp", "1", "icmpv6", "58"])
def test_protocols_without_ports(protocol: str) -> None:
    rule: Plain = {"protocol": protocol, "fromPort": 8, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}
    assert not refused("security_group_open", "aws:ec2/securityGroup:SecurityGroup", ingress=[rule])


@pytest.mark.parametrize(
    "token",
    [
        "aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2", "aws:kms/key:Key", "aws:eks/cluster:Cluster",
        "aws:ecr/repository:Repository", "aws:route53/zone:Zone", "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster", "aws:efs/fileSystem:FileSystem", "aws:dynamodb/table:Table",
        "vault:index/mount:Mount",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("protect", "count"), [(True, 0), (False, 1), (None, 0)])
def test_what_holds_data(token: str, protect: bool | None, count: int) -> None:
    alone = Catalogue((BY_ID["stateful_protected"],))
    assert len(list(evaluate_resource(alone, Resource(token, "thing", {}, protect=protect)))) == count


@pytest.mark.parametrize("lacking", ["cost-centre", "environment", "layer", "owner"])
def test_every_tag_is_wanted(lacking: str) -> None:
    tags: dict[str, Plain] = dict.fromkeys(("cost-centre", "environment", "layer", "owner"), "a")
    alone = Catalogue((BY_ID["aws_tags"],))

    def found(given: dict[str, Plain]) -> list[Any]:
        return [one.finding for one in evaluate_stack(alone, [Resource("aws:ec2/vpc:Vpc", "main", {"tagsAll": given})])]

    assert found(tags) == []
    [one] = found({key: value for key, value in tags.items() if key != lacking})
    assert one.path in (f"tagsAll.{lacking}", f'tagsAll["{lacking}"]')


@pytest.mark.parametrize("lacking", ["idp/cost-centre", "idp/environment", "idp/owner"])
def test_every_label_is_wanted(lacking: str) -> None:
    labels: dict[str, Plain] = dict.fromkeys(("idp/cost-centre", "idp/environment", "idp/owner"), "a")
    namespace = "kubernetes:core/v1:Namespace"
    assert not refused("namespace_ownership", namespace, metadata={"labels": labels})
    assert refused("namespace_ownership", namespace, metadata={"labels": {**labels, lacking: None}})


@pytest.mark.parametrize(
    ("path", "capability"),
    [
        ("*", "read"), ("+/*", "read"), ("+", "list"), ("a", "sudo"), ("sys/*", "update"), ("sys/policies/*", "create"),
        ("sys/policies/acl/*", "update"), ("sys/policies/acl/+", "patch"), ("sys/policy/*", "update"),
        ("identity/entity/id/*", "update"), ("identity/entity/name/+", "update"), ("identity/*", "create"),
    ],
)  # fmt: skip
def test_policies_of_vault_that_are_root(path: str, capability: str) -> None:
    text = f'path "{path}" {{ capabilities = ["{capability}"] }}'
    assert refused("vault_policy", "vault:index/policy:Policy", policy=text)


@pytest.mark.parametrize(
    ("path", "capability"),
    [
        ("*", "deny"), ("a/*", "update"), ("sys/*", "read"), ("sys/policies/acl/team-*", "update"), ("a/+/b", "delete"),
        ("identity/group/id/*", "update"), ("identity/entity/id/{{identity.entity.id}}", "update"),
    ],
)  # fmt: skip
def test_policies_of_vault_that_are_not(path: str, capability: str) -> None:
    text = f'path "{path}" {{ capabilities = ["{capability}"] }}'
    assert not refused("vault_policy", "vault:index/policy:Policy", policy=text)


@pytest.mark.parametrize(
    ("seconds", "short"), [(1, True), (86_400, True), (86_401, False), (0, False), (-1, False), (None, False)]
)
def test_a_day_is_the_longest(seconds: int | None, short: bool) -> None:
    role = "vault:kubernetes/authBackendRole:AuthBackendRole"
    assert refused("vault_token_ttl", role, tokenExplicitMaxTtl=seconds) is not short
    assert refused("vault_token_ttl", role, tokenMaxTtl=seconds) is not short
    assert refused("vault_token_ttl", role, tokenMaxTtl=seconds, tokenPeriod=1)


@pytest.mark.parametrize(
    ("rule", "token", "key"),
    [
        ("security_group_open", "aws:ec2/securityGroup:SecurityGroup", "ingress"),
        ("ebs_encryption", "aws:ec2/launchTemplate:LaunchTemplate", "blockDeviceMappings"),
        ("iam_admin", "aws:iam/role:Role", "inlinePolicies"),
        ("iam_admin", "aws:iam/role:Role", "managedPolicyArns"),
        ("vault_root", "vault:jwt/authBackendRole:AuthBackendRole", "tokenPolicies"),
    ],
)
def test_a_list_that_is_not_known_is_named(rule: str, token: str, key: str) -> None:
    whole = list(evaluate_resource(Catalogue((BY_ID[rule],)), Resource(token, "thing", {key: UNKNOWN})))
    assert [re.split(r"[.]", getattr(one.finding, "path", ""))[0] for one in whole] == [key]
    item = list(evaluate_resource(Catalogue((BY_ID[rule],)), Resource(token, "thing", {key: [UNKNOWN]})))
    assert [re.split(r"[.]", getattr(one.finding, "path", ""))[0] for one in item] == [f"{key}[0]"]
