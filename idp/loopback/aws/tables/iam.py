"""IAM: roles, policies and the OpenID Connect providers that roles trust."""

from __future__ import annotations

from idp.loopback.aws.tables.common import KEPT, LOCAL, TAGS, tag_calls
from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, If, Prop, Quirk, Row
from idp.loopback.provider.values import Properties

_MOST_VERSIONS = 5
"""IAM keeps so many versions of a policy, and refuses one more."""


def _detach_policies(context: Context) -> None:
    """Take everything off a role that goes, if `forceDetachPolicies` says so."""
    if not context.inputs.get("forceDetachPolicies"):
        return
    for policy in _listed(context.send("list_attached_role_policies", RoleName=context.id), "AttachedPolicies"):
        context.send("detach_role_policy", RoleName=context.id, PolicyArn=policy["PolicyArn"])
    for name in context.send("list_role_policies", RoleName=context.id)["PolicyNames"]:  # type: ignore[attr-defined]
        context.send("delete_role_policy", RoleName=context.id, PolicyName=name)


def _versions(context: Context) -> list[Properties]:
    """Return the versions of a policy that are not its default, oldest first."""
    versions = _listed(context.send("list_policy_versions", PolicyArn=context.id), "Versions")
    spare = [version for version in versions if not version["IsDefaultVersion"]]
    return sorted(spare, key=lambda version: int(str(version["VersionId"])[1:]))


def _make_room(context: Context) -> None:
    """Delete the oldest versions so that one more fits beside the default."""
    spare = _versions(context)
    for version in spare[: max(0, len(spare) - _MOST_VERSIONS + 2)]:
        context.send("delete_policy_version", PolicyArn=context.id, VersionId=version["VersionId"])


def _delete_versions(context: Context) -> None:
    for version in _versions(context):
        context.send("delete_policy_version", PolicyArn=context.id, VersionId=version["VersionId"])


def _policy_document(context: Context) -> Properties:
    """Return the default version's document."""
    policy = context.send("get_policy", PolicyArn=context.id)["Policy"]
    version = policy["DefaultVersionId"] if isinstance(policy, dict) else ""
    return context.send("get_policy_version", PolicyArn=context.id, VersionId=version)


def _listed(answer: Properties, name: str) -> list[Properties]:
    items = answer[name]
    return [dict(item) for item in items] if isinstance(items, list) else []


ROLE = Row(
    type="aws:iam/role:Role",
    service="iam",
    identity="{name}",
    create=(
        Call(
            "create_role",
            {
                "RoleName": "$name",
                "AssumeRolePolicyDocument": "$assumeRolePolicy",
                "Description": If("$description", "$description"),
            },
        ),
    ),
    read=(Call("get_role", {"RoleName": "$id"}, pick="Role"),),
    update=(
        Call(
            "update_assume_role_policy",
            {"RoleName": "$id", "PolicyDocument": "$assumeRolePolicy"},
            on=("assumeRolePolicy",),
        ),
        Call("update_role", {"RoleName": "$id"}, on=("description", "maxSessionDuration")),
        Call(
            "put_role_permissions_boundary",
            {"RoleName": "$id"},
            on=("permissionsBoundary",),
            needs="$permissionsBoundary",
        ),
        Call(
            "delete_role_permissions_boundary",
            {"RoleName": "$id"},
            on=("permissionsBoundary",),
            unless="$permissionsBoundary",
            by_name=False,
        ),
        *tag_calls({"RoleName": "$id"}, "tag_role", "untag_role", "TagKeys", "Tags"),
    ),
    delete=(Quirk(_detach_policies), Call("delete_role", {"RoleName": "$id"})),
    properties={
        "name": Prop(out="RoleName"),
        "assumeRolePolicy": Prop(out="AssumeRolePolicyDocument"),
        "description": Prop(default=""),
        "maxSessionDuration": Prop(default=3600),
        "path": Prop(default="/"),
        "permissionsBoundary": Prop(out="PermissionsBoundary.PermissionsBoundaryArn"),
        "forceDetachPolicies": LOCAL,
        **TAGS,
    },
    computed={"uniqueId": "RoleId"},
    absent=("namePrefix", "inlinePolicies", "managedPolicyArns"),
    autoname="name",
    unique=("name",),
    regional=False,
)

POLICY = Row(
    type="aws:iam/policy:Policy",
    service="iam",
    identity="Policy.Arn",
    create=(
        Call(
            "create_policy",
            {
                "PolicyName": "$name",
                "PolicyDocument": "$policy",
                "Description": If("$description", "$description"),
            },
        ),
    ),
    read=(
        Call("get_policy", {"PolicyArn": "$id"}, pick="Policy"),
        Quirk(_policy_document),
    ),
    update=(
        Quirk(_make_room, on=("policy",)),
        Call(
            "create_policy_version",
            {"PolicyArn": "$id", "PolicyDocument": "$policy", "SetAsDefault": True},
            on=("policy",),
        ),
        *tag_calls({"PolicyArn": "$id"}, "tag_policy", "untag_policy", "TagKeys", "Tags"),
    ),
    delete=(Quirk(_delete_versions), Call("delete_policy", {"PolicyArn": "$id"})),
    properties={
        "name": Prop(out="PolicyName"),
        "policy": Prop(out="PolicyVersion.Document"),
        "description": Prop(default=""),
        "path": Prop(default="/"),
        **TAGS,
    },
    absent=("namePrefix", "delayAfterPolicyCreationInMs"),
    autoname="name",
    unique=("name", "path"),
    regional=False,
)

_ROLE_POLICY = {"RoleName": "$role", "PolicyName": "$name", "PolicyDocument": "$policy"}

ROLE_POLICY = Row(
    type="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    identity="{role}:{name}",
    create=(Call("put_role_policy", _ROLE_POLICY),),
    read=(Call("get_role_policy", {"RoleName": "$role", "PolicyName": "$name"}, by_name=False),),
    update=(Call("put_role_policy", _ROLE_POLICY, on=("policy",)),),
    delete=(Call("delete_role_policy", {"RoleName": "$role", "PolicyName": "$name"}, by_name=False),),
    properties={
        "role": Prop(out="RoleName"),
        "name": Prop(out="PolicyName"),
        "policy": Prop(out="PolicyDocument"),
    },
    absent=("namePrefix",),
    autoname="name",
    unique=("role", "name"),
    regional=False,
)

ROLE_POLICY_ATTACHMENT = Row(
    type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    service="iam",
    identity="{role}/{policyArn}",
    create=(Call("attach_role_policy", {"RoleName": "$role"}),),
    read=(
        Call(
            "list_attached_role_policies",
            {"RoleName": "$role"},
            pick="AttachedPolicies[?PolicyArn=={policyArn}] | [0]",
            by_name=False,
        ),
    ),
    delete=(Call("detach_role_policy", {"RoleName": "$role", "PolicyArn": "$policyArn"}, by_name=False),),
    properties={"role": Prop(out="$role"), "policyArn": Prop()},
    unique=("role", "policyArn"),
    regional=False,
)

_PROVIDER = {"OpenIDConnectProviderArn": "$id"}

OIDC_PROVIDER = Row(
    type="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    service="iam",
    identity="OpenIDConnectProviderArn",
    create=(Call("create_open_id_connect_provider", {"ThumbprintList": "$thumbprintLists"}),),
    read=(Call("get_open_id_connect_provider", _PROVIDER),),
    update=(
        Call(
            "add_client_id_to_open_id_connect_provider",
            {**_PROVIDER, "ClientID": "$item"},
            on=("clientIdLists",),
            each="$added.clientIdLists",
            by_name=False,
        ),
        Call(
            "remove_client_id_from_open_id_connect_provider",
            {**_PROVIDER, "ClientID": "$item"},
            on=("clientIdLists",),
            each="$removed.clientIdLists",
            by_name=False,
        ),
        Call(
            "update_open_id_connect_provider_thumbprint",
            {**_PROVIDER, "ThumbprintList": "$thumbprintLists"},
            on=("thumbprintLists",),
            needs="$thumbprintLists",
        ),
        *tag_calls(_PROVIDER, "tag_open_id_connect_provider", "untag_open_id_connect_provider", "TagKeys", "Tags"),
    ),
    delete=(Call("delete_open_id_connect_provider", _PROVIDER),),
    properties={
        # IAM keeps the host and path only.
        "url": Prop(normal=lambda url: str(url).removeprefix("https://")),
        "clientIdLists": Prop(),
        "thumbprintLists": KEPT,
        **TAGS,
    },
    computed={"arn": "$id"},
    unique=("url",),
    regional=False,
)

ROWS = (ROLE, POLICY, ROLE_POLICY, ROLE_POLICY_ATTACHMENT, OIDC_PROVIDER)
