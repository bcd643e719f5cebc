"""Secrets of Kubernetes are sealed with a key of one's own."""

from __future__ import annotations

from policies.condition import Field, Filled, SomeItem, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import declared


def _cluster(resources: Plain, key: Plain) -> Resource:
    return declared("aws:eks/cluster:Cluster", encryptionConfig={"resources": resources, "provider": {"keyArn": key}})


_ARN = "arn:aws:kms:eu-central-1:123456789012:key/1234"

RULE = Rule(
    id="eks_secrets_encryption",
    title="Secrets in EKS are encrypted with a key of KMS",
    severity=Severity.HIGH,
    why="Without a key of its own nobody can take away, or see in a log, who opens the cluster's secrets.",
    remedy="Set `encryption_config` with a key's ARN and `resources=['secrets']`; it can be added, never removed.",
    standards=("AWS SecurityHub EKS.3", "CIS EKS 1.7.0 5.3.1"),
    types=exactly(Cluster="aws:eks/cluster:Cluster"),
    check=demands(
        Demand(
            WHOLE,
            SomeItem(Field(ITEM, "encryptionConfig", "resources"), "kind", one_of(Field("kind"), "secrets")),
            "does not name secrets; allowed is `secrets`",
            at=("encryptionConfig", "resources"),
        ),
        Demand(
            WHOLE,
            Filled(Field(ITEM, "encryptionConfig", "provider", "keyArn")),
            "is missing; allowed is the ARN of a key",
            at=("encryptionConfig", "provider", "keyArn"),
        ),
    ),
    passing=(
        _cluster(["secrets"], _ARN),
        _cluster(["others", "secrets"], _ARN),
    ),
    failing=(
        declared("aws:eks/cluster:Cluster"),
        _cluster([], _ARN),
        _cluster(["others"], _ARN),
        _cluster(["secrets"], None),
        _cluster(["secrets"], ""),
    ),
)
