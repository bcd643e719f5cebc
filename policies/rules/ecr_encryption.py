"""Images are encrypted with a key that somebody can take away."""

from __future__ import annotations

from policies.condition import Field, SomeItem, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import declared


def _repository(*configurations: Plain) -> Resource:
    return declared("aws:ecr/repository:Repository", encryptionConfigurations=list(configurations))


RULE = Rule(
    id="ecr_encryption",
    title="Repositories are encrypted with a key of KMS",
    severity=Severity.LOW,
    why="Images hold code, and now and then a secret; a key of KMS says who opens them, and logs it.",
    remedy="Set `encryption_configurations` with `encryption_type='KMS'` and a key; it can't be changed later.",
    standards=("AWS SecurityHub ECR.5",),
    types=exactly(Repository="aws:ecr/repository:Repository"),
    check=demands(
        Demand(
            WHOLE,
            SomeItem(
                Field(ITEM, "encryptionConfigurations"),
                "one",
                one_of(Field("one", "encryptionType"), "KMS", "KMS_DSSE"),
            ),
            "is not encrypted with a key; allowed is the type `KMS`",
            at=("encryptionConfigurations",),
        )
    ),
    passing=(
        _repository({"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-central-1:123456789012:key/1"}),
        _repository({"encryptionType": "KMS_DSSE"}),
    ),
    failing=(
        declared("aws:ecr/repository:Repository"),
        _repository(),
        _repository({}),
        _repository({"encryptionType": "AES256"}),
    ),
)
