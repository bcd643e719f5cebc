"""What AWS resources give to users, groups and roles: policy documents of their own, and policies that AWS wrote."""

from __future__ import annotations

from collections.abc import Iterator

from policies.iam import Read, listed, read
from policies.kinds import Exactly, exactly
from policies.plain import UNKNOWN, Plain, at, join
from policies.rule import NotYetKnown, Resource

DOCUMENTS = exactly(
    Policy="aws:iam/policy:Policy",
    RolePolicy="aws:iam/rolePolicy:RolePolicy",
    GroupPolicy="aws:iam/groupPolicy:GroupPolicy",
    UserPolicy="aws:iam/userPolicy:UserPolicy",
    Role="aws:iam/role:Role",
    PermissionSetInlinePolicy="aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy",
)
"""Types that carry a document for an identity."""

ATTACHMENTS = exactly(
    PolicyAttachment="aws:iam/policyAttachment:PolicyAttachment",
    RolePolicyAttachment="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    GroupPolicyAttachment="aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    UserPolicyAttachment="aws:iam/userPolicyAttachment:UserPolicyAttachment",
    ManagedPolicyAttachment="aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
)
"""Types that give a policy by its ARN."""

GRANTS = Exactly((*DOCUMENTS.kinds, *ATTACHMENTS.kinds))
"""All of them."""


def statements(resource: Resource) -> Iterator[Read]:
    """Yield what the documents of a resource in `DOCUMENTS` say; nothing where it has none."""
    if resource.kind != "Role":
        keys = ("inlinePolicy",) if resource.kind == "PermissionSetInlinePolicy" else ("policy",)
        yield from read(at(resource.props, *keys), join("", *keys))
        return
    inline = at(resource.props, "inlinePolicies")
    for index, one in enumerate(listed(inline)):
        path = "inlinePolicies" if inline is UNKNOWN else join("inlinePolicies", index)
        document = at(one, "policy")
        # The provider writes a role without inline policies as one empty one.
        if document is not None:
            yield from read(document, path if one is UNKNOWN else join(path, "policy"))


def arns(resource: Resource) -> Iterator[tuple[str, Plain]]:
    """Yield path and ARN of each policy that a resource in `GRANTS` attaches; ARNs can be unknown."""
    if resource.kind == "Role":
        attached = at(resource.props, "managedPolicyArns")
        for index, one in enumerate(listed(attached)):
            yield "managedPolicyArns" if attached is UNKNOWN else join("managedPolicyArns", index), one
    elif any(resource.kind == kind for kind, _ in ATTACHMENTS.kinds):
        key = "managedPolicyArn" if resource.kind == "ManagedPolicyAttachment" else "policyArn"
        yield key, at(resource.props, key)


def known(found: Iterator[tuple[str, Plain]]) -> Iterator[tuple[str, str] | NotYetKnown]:
    """Yield path and text of each ARN, or that it is not known."""
    for path, arn in found:
        if arn is UNKNOWN:
            yield NotYetKnown(path)
        elif isinstance(arn, str):
            yield path, arn
