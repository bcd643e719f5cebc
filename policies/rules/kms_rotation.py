"""Keys get new material every year."""

from __future__ import annotations

from policies.condition import Field, Filled, Not, any_of, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.rule import Rule, Severity
from policies.samples import declared

_SPEC = Field(ITEM, "customerMasterKeySpec")
_USAGE = Field(ITEM, "keyUsage")

RULE = Rule(
    id="kms_rotation",
    title="Symmetric keys of KMS are rotated",
    severity=Severity.MEDIUM,
    why="One key for years means that one leak, or one weakness, opens everything from all those years.",
    remedy="Set `enable_key_rotation=True`; old data stays readable.",
    standards=("AWS SecurityHub KMS.4", "CIS AWS 3.0.0 3.6", "CIS AWS 5.0.0 3.6"),
    types=exactly(Key="aws:kms/key:Key"),
    check=demands(
        Demand(
            WHOLE,
            any_of(
                one_of(Field(ITEM, "enableKeyRotation"), True),
                # KMS rotates neither asymmetric and HMAC keys nor those of a store of one's own (docs: Rotating keys).
                Not(any_of(Not(Filled(_SPEC)), one_of(_SPEC, "SYMMETRIC_DEFAULT"))),
                Not(any_of(Not(Filled(_USAGE)), one_of(_USAGE, "ENCRYPT_DECRYPT"))),
                Filled(Field(ITEM, "customKeyStoreId")),
            ),
            "is not on; allowed is true, for all but asymmetric and HMAC keys and those of a custom key store",
            at=("enableKeyRotation",),
        )
    ),
    passing=(
        declared("aws:kms/key:Key", enableKeyRotation=True),
        declared("aws:kms/key:Key", enableKeyRotation=True, customerMasterKeySpec="SYMMETRIC_DEFAULT"),
        declared("aws:kms/key:Key", customerMasterKeySpec="RSA_4096"),
        declared("aws:kms/key:Key", keyUsage="GENERATE_VERIFY_MAC"),
        declared("aws:kms/key:Key", customKeyStoreId="cks-1"),
    ),
    failing=(
        declared("aws:kms/key:Key"),
        declared("aws:kms/key:Key", enableKeyRotation=False),
        declared("aws:kms/key:Key", customKeyStoreId=""),
        declared("aws:kms/key:Key", customerMasterKeySpec="SYMMETRIC_DEFAULT", keyUsage="ENCRYPT_DECRYPT"),
    ),
)
