"""What rows of several services share."""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.provider.table import Call, If, Prop, Step

TAGS = {
    "tags": Prop(local=True, shared=True),
    "tagsAll": Prop(default={}, member="tags", out="tags || Tags || TagList || TagSet"),
}
"""The program's tags, and with the provider's default tags. What is sent is always the latter."""

LOCAL = Prop(local=True)
KEPT = Prop(kept=True)


def tag_specification(kind: str) -> If:
    """Return the `TagSpecifications` of an EC2 creation; `kind` as EC2 names the resource type."""
    return If("$tagsAll", [{"ResourceType": kind, "Tags": "$tagsAll"}])


def ec2_tags(target: str = "$id") -> tuple[Step, ...]:
    """Return the updates of an EC2 resource's tags."""
    return (
        Call(
            "delete_tags",
            {"Resources": [target], "Tags": "$removed.tagsAll"},
            on=("tagsAll",),
            needs="$removed.tagsAll",
            by_name=False,
        ),
        Call(
            "create_tags",
            {"Resources": [target], "Tags": "$changed.tagsAll"},
            on=("tagsAll",),
            needs="$changed.tagsAll",
            by_name=False,
        ),
    )


def tag_calls(
    target: Mapping[str, object],
    tag: str = "tag_resource",
    untag: str = "untag_resource",
    keys: str = "tagKeys",
    entries: str = "tags",
) -> tuple[Step, ...]:
    """Return the updates of tags for services that have `tag_resource`; `target` says of what."""
    return (
        Call(untag, {**target, keys: "$removed.tagsAll"}, on=("tagsAll",), needs="$removed.tagsAll", by_name=False),
        Call(tag, {**target, entries: "$changed.tagsAll"}, on=("tagsAll",), needs="$changed.tagsAll", by_name=False),
    )
