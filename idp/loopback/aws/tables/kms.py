"""KMS: keys and their aliases."""

from __future__ import annotations

from idp.loopback.aws.tables.common import TAGS, tag_calls
from idp.loopback.provider.table import Call, If, Prop, Row

_KEY = {"KeyId": "$id"}

KEY = Row(
    type="aws:kms/key:Key",
    service="kms",
    identity="KeyMetadata.KeyId",
    create=(
        Call(
            "create_key",
            {
                "KeySpec": "$customerMasterKeySpec",
                "Description": If("$description", "$description"),
                "BypassPolicyLockoutSafetyCheck": "$bypassPolicyLockoutSafetyCheck",
                "Tags": If("$tagsAll", "$tagsAll"),
            },
        ),
    ),
    read=(
        Call("describe_key", _KEY, pick="KeyMetadata"),
        Call("get_key_policy", {**_KEY, "PolicyName": "default"}, pick="{Policy: Policy}"),
        Call("get_key_rotation_status", _KEY, may_fail=("UnsupportedOperationException",)),
        Call("list_resource_tags", _KEY, pick="{Tags: Tags}"),
    ),
    update=(
        # First, because a disabled key takes none of the others.
        Call("enable_key", _KEY, on=("isEnabled",), needs="$isEnabled"),
        Call("update_key_description", {**_KEY, "Description": "$description"}, on=("description",)),
        Call(
            "put_key_policy",
            {
                **_KEY,
                "PolicyName": "default",
                "Policy": "$policy",
                "BypassPolicyLockoutSafetyCheck": "$bypassPolicyLockoutSafetyCheck",
            },
            on=("policy",),
            needs="$policy",
        ),
        Call(
            "enable_key_rotation",
            {**_KEY, "RotationPeriodInDays": "$rotationPeriodInDays"},
            on=("enableKeyRotation", "rotationPeriodInDays"),
            needs="$enableKeyRotation",
            by_name=False,
        ),
        Call("disable_key_rotation", _KEY, on=("enableKeyRotation",), unless="$enableKeyRotation"),
        *tag_calls(_KEY, keys="TagKeys", entries="Tags"),
        Call("disable_key", _KEY, on=("isEnabled",), unless="$isEnabled"),
    ),
    delete=(Call("schedule_key_deletion", {**_KEY, "PendingWindowInDays": "$deletionWindowInDays"}, by_name=False),),
    properties={
        "description": Prop(default=""),
        "keyUsage": Prop(default="ENCRYPT_DECRYPT"),
        "customerMasterKeySpec": Prop(out="KeySpec", default="SYMMETRIC_DEFAULT"),
        "multiRegion": Prop(default=False),
        "policy": Prop(kept=True),
        "isEnabled": Prop(out="Enabled", default=True),
        "enableKeyRotation": Prop(out="KeyRotationEnabled", default=False),
        # moto keeps it, and does not tell.
        "rotationPeriodInDays": Prop(out=None, kept=True),
        "deletionWindowInDays": Prop(local=True),
        "bypassPolicyLockoutSafetyCheck": Prop(local=True),
        **TAGS,
    },
    computed={"keyId": "$id"},
    absent=("customKeyStoreId", "xksKeyId"),
    gone="KeyState == 'PendingDeletion'",
)

ALIAS = Row(
    type="aws:kms/alias:Alias",
    service="kms",
    identity="{name}",
    create=(Call("create_alias", {"AliasName": "$name"}),),
    read=(
        Call("list_aliases", {}, pick="Aliases[?AliasName=={id}] | [0]"),
        Call("describe_key", {"KeyId": "$id"}, pick="KeyMetadata.Arn", under="KeyArn"),
    ),
    update=(Call("update_alias", {"AliasName": "$id"}, on=("targetKeyId",)),),
    delete=(Call("delete_alias", {"AliasName": "$id"}),),
    properties={
        "name": Prop(out="AliasName"),
        # Programs name the key by its id or its ARN; the service answers the id.
        "targetKeyId": Prop(normal=lambda key: str(key).rsplit("/", 1)[-1]),
    },
    computed={"arn": "AliasArn", "targetKeyArn": "KeyArn"},
    absent=("namePrefix",),
    autoname="name",
    autoname_prefix="alias/",
    unique=("name",),
)

ROWS = (KEY, ALIAS)
