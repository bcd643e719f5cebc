"""What the tests of AWS components share: all components made once against mocks, and IAM's way of judging."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest

from components.aws import iam
from components.aws.buckets import Buckets, BucketsArgs
from components.aws.cluster import Addon, Cluster, ClusterArgs
from components.aws.dns import Dns, DnsArgs
from components.aws.gitlab_access import GitlabAccess, GitlabAccessArgs, Project, StateLocation
from components.aws.keys import Keys, KeysArgs
from components.aws.network import Network, NetworkArgs
from components.aws.node_pool import NodePoolArgs
from components.aws.registry import Registry, RegistryArgs
from components.aws.vault_access import VaultAccess, VaultAccessArgs

ACCOUNT, REGION, URL = "123456789012", "eu-central-1", "https://gitlab.example"
Answer = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]
TAGS = {"owner": "platform", "cost-centre": "cc-1"}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
UNSEAL_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/5678abcd-12ab-34cd-56ef-1234567890ab"
PROJECTS = (
    Project(path="platform/idp", branches=("main", "release/1")),
    Project(path="platform/other", branches=("main",)),
)


class Aws(pulumi.runtime.Mocks):
    """Answers as AWS would, and remembers."""

    def __init__(self, answer: Answer) -> None:
        self.made: list[pulumi.runtime.MockResourceArgs] = []
        self._answer = answer

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made.append(args)
        return f"{args.name}-id", self._answer(args.typ, args.name, args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"components call no provider function: {args.token}")


@dataclass(frozen=True)
class Document:
    """A policy document that a component makes."""

    owner: str
    """Type and name of the resource it is on."""
    key: str
    """Property that holds it."""
    content: dict[str, Any] = field(hash=False)

    def __str__(self) -> str:
        return f"{self.owner}.{self.key}"


@dataclass(frozen=True)
class Built:
    """All that the components made."""

    made: list[pulumi.runtime.MockResourceArgs]
    statements: list[iam.Statement]

    def of(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return the inputs of each resource of a type such as `Role`, by its name in Pulumi."""
        return {one.name: one.inputs for one in self.made if one.custom and one.typ.rpartition(":")[2] == kind}

    def documents(self) -> list[Document]:
        """Return every policy document: of identities, of trust, of keys and buckets."""
        return [
            Document(f"{one.typ.rpartition(':')[2]} {one.name}", key, json.loads(one.inputs[key]))
            for one in self.made
            for key in ("policy", "assumeRolePolicy")
            if isinstance(one.inputs.get(key), str) and not one.typ.endswith(":LifecyclePolicy")
        ]

    def document(self, owner: str, key: str = "policy") -> dict[str, Any]:
        """Return one document by its owner, such as `Role idp-deploy`."""
        [found] = [one.content for one in self.documents() if (one.owner, one.key) == (owner, key)]
        return found


def _declare(*, per_zone: bool, state_key: str) -> None:
    name = "idp-test"
    access = GitlabAccess(
        name,
        GitlabAccessArgs(
            url=URL,
            projects=PROJECTS,
            account_id=ACCOUNT,
            region=REGION,
            state=StateLocation(bucket="acme-state", key=state_key, folder="pulumi"),
        ),
    )
    keys = Keys(name, KeysArgs(account_id=ACCOUNT, region=REGION, alias_prefix=name)).arns
    Registry(name, RegistryArgs(prefix=name, repositories=["shop", "pay"], key_arn=keys["registry"]))
    Dns(name, DnsArgs(domain="idp.example"))
    buckets = Buckets(name, BucketsArgs(prefix="acme-idp-test", account_id=ACCOUNT, key_arn=keys["buckets"])).names
    network = Network(
        name,
        NetworkArgs(
            region=REGION,
            cidr="10.20.0.0/16",
            zones=[f"{REGION}{letter}" for letter in "abc"],
            nat_per_zone=per_zone,
            logs_key_arn=keys["logs"],
            permissions_boundary_arn=access.boundary_arn,
        ),
    )
    cluster = Cluster(
        name,
        ClusterArgs(
            cluster_name=name,
            version="1.33",
            subnet_ids=network.intra_subnet_ids,
            node_subnet_ids=network.private_subnet_ids,
            secrets_key_arn=keys["cluster"],
            volumes_key_arn=keys["volumes"],
            logs_key_arn=keys["logs"],
            addons=[
                Addon(name="vpc-cni", version="v1.20.4-eksbuild.1"),
                Addon(
                    name="aws-ebs-csi-driver",
                    version="v1.54.0-eksbuild.1",
                    policy_arn="arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy",
                    service_account="ebs-csi-controller-sa",
                ),
            ],
            tags=TAGS,
            admin_arns={"admin": f"arn:aws:iam::{ACCOUNT}:role/admin", "deploy": access.deploy_role_arn},
            node_pools={
                "system": NodePoolArgs(instance_types=["m7i.large"], minimum=2, maximum=3),
                "runners": NodePoolArgs(instance_types=["c7i.large"], minimum=0, maximum=9, taint="pool=runners"),
            },
            permissions_boundary_arn=access.boundary_arn,
        ),
    )
    VaultAccess(
        name,
        VaultAccessArgs(
            account_id=ACCOUNT,
            region=REGION,
            cluster_name=cluster.cluster_name,
            namespace="idp-vault",
            # The mocks give every key one ARN.
            unseal_key_arn=UNSEAL_KEY,
            bucket=buckets["vault-snapshots"],
            bucket_key_arn=keys["buckets"],
            permissions_boundary_arn=access.boundary_arn,
        ),
    )


def _build(answer: Answer, *, per_zone: bool = True, state_key: str = "alias/idp-test") -> Built:
    mocks, statements = Aws(answer), []
    check = iam.Statement.__post_init__

    def remember(statement: iam.Statement) -> None:
        statements.append(statement)
        check(statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(iam.Statement, "__post_init__", remember)
        pulumi.runtime.set_mocks(mocks, project="idp", stack="test.foundation")

        # The decorator drains every registration before it returns.
        @pulumi.runtime.test
        def program() -> None:
            _declare(per_zone=per_zone, state_key=state_key)

        program()
    return Built(mocks.made, statements)


@pytest.fixture(scope="session")
def built(aws_answer: Answer) -> Built:
    """Return everything the components make, with one NAT gateway in each zone."""
    return _build(aws_answer)


@pytest.fixture(scope="session")
def built_otherwise(aws_answer: Answer) -> Built:
    """Return the same with one NAT gateway, and a key of the state that is named by its ARN."""
    return _build(aws_answer, per_zone=False, state_key=KEY)


class Judge:
    """IAM's evaluation of one document, as far as the documents here need it; anything else raises.

    After docs.aws.amazon.com, IAM: Policy evaluation logic, Condition operators.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.statements: Sequence[Mapping[str, Any]] = document["Statement"]

    def allows(self, action: str, resource: str, context: Mapping[str, object]) -> bool:
        """Tell whether a statement allows the call and none denies it."""
        effects = {one["Effect"] for one in self.statements if self._applies(one, action, resource, context)}
        return effects == {"Allow"}

    def trusts(self, provider_arn: str, context: Mapping[str, object]) -> bool:
        """Tell whether a holder of a token of an OIDC provider may take the role that has this trust policy."""
        return any(
            one["Effect"] == "Allow"
            and provider_arn in one["Principal"].get("Federated", ())
            and "sts:AssumeRoleWithWebIdentity" in one["Action"]
            and _hold(one.get("Condition", {}), context)
            for one in self.statements
        )

    def trusts_service(self, service: str, action: str, context: Mapping[str, object]) -> bool:
        """Tell whether a service of AWS may take the role that has this trust policy."""
        return any(
            one["Effect"] == "Allow"
            and service in one["Principal"].get("Service", ())
            and action in one["Action"]
            and _hold(one.get("Condition", {}), context)
            for one in self.statements
        )

    @staticmethod
    def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, object]) -> bool:
        return (
            any(_like(one.lower(), action.lower()) for one in statement["Action"])
            and any(_like(one, resource) for one in statement["Resource"])
            and _hold(statement.get("Condition", {}), context)
        )


def _like(pattern: str, text: str) -> bool:
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _hold(conditions: Mapping[str, Mapping[str, object]], context: Mapping[str, object]) -> bool:
    return all(
        _holds(operator, wanted, context.get(key))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, wanted: object, found: object) -> bool:
    allowed = [str(one) for one in wanted] if isinstance(wanted, list) else [str(wanted)]
    if operator == "StringNotEquals":
        return found is None or found not in allowed
    # A key that is not there, or has several values where one is asked for, matches nothing.
    if not isinstance(found, str):
        return False
    if operator == "StringEquals":
        return found in allowed
    if operator == "StringLike":
        return any(_like(one, found) for one in allowed)
    raise NotImplementedError(operator)


@pytest.fixture(scope="session")
def judge() -> type[Judge]:
    """Return the class that judges a document."""
    return Judge


@pytest.fixture(scope="session")
def trust(built: Built) -> dict[str, Judge]:
    """Return the trust policies of the two GitLab roles."""
    return {role: Judge(built.document(f"Role idp-test-{role}", "assumeRolePolicy")) for role in ("preview", "deploy")}
