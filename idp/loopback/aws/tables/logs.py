"""CloudWatch Logs: log groups."""

from __future__ import annotations

from idp.loopback.aws.tables.common import TAGS, tag_calls
from idp.loopback.provider.table import Call, If, Prop, Row

_ARN = "arn:aws:logs:{region}:{account}:log-group:{name}"

LOG_GROUP = Row(
    type="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    identity="{name}",
    create=(Call("create_log_group", {"logGroupName": "$name", "tags": If("$tagsAll", "$tagsAll")}),),
    read=(
        Call(
            "describe_log_groups",
            {"logGroupNamePrefix": "$id"},
            pick="logGroups[?logGroupName=={id}] | [0]",
        ),
        Call("list_tags_for_resource", {"resourceArn": _ARN}, pick="{tags: tags}"),
    ),
    update=(
        Call(
            "put_retention_policy",
            {"logGroupName": "$id", "retentionInDays": "$retentionInDays"},
            on=("retentionInDays",),
            needs="$retentionInDays",
        ),
        Call("delete_retention_policy", {"logGroupName": "$id"}, on=("retentionInDays",), unless="$retentionInDays"),
        Call(
            "associate_kms_key", {"logGroupName": "$id", "kmsKeyId": "$kmsKeyId"}, on=("kmsKeyId",), needs="$kmsKeyId"
        ),
        Call("disassociate_kms_key", {"logGroupName": "$id"}, on=("kmsKeyId",), unless="$kmsKeyId"),
        *tag_calls({"resourceArn": _ARN}),
    ),
    delete=(Call("delete_log_group", {"logGroupName": "$id"}),),
    properties={
        "name": Prop(out="logGroupName"),
        "kmsKeyId": Prop(),
        "logGroupClass": Prop(default="STANDARD"),
        # Zero is "never".
        "retentionInDays": Prop(default=0),
        **TAGS,
    },
    computed={"arn": _ARN},
    absent=("namePrefix", "skipDestroy"),
    autoname="name",
    unique=("name",),
)

ROWS = (LOG_GROUP,)
