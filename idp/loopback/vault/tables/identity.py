"""Groups of identities, and what they are called elsewhere."""

from __future__ import annotations

from idp.loopback.provider.table import Call, If, Prop
from idp.loopback.vault.tables.common import LIST, MAP, NAMESPACE, named, row

_GROUP = {"name": Prop(), **named(LIST, "memberEntityIds memberGroupIds policies"), "metadata": MAP}

# An external group takes no members, not even none.
_MEMBERS = {
    "member_entity_ids": If("$memberEntityIds", "$memberEntityIds", If("$old.memberEntityIds", [])),
    "member_group_ids": If("$memberGroupIds", "$memberGroupIds", If("$old.memberGroupIds", [])),
}

GROUP = row(
    type="vault:identity/group:Group",
    identity="id",
    create=(Call("POST identity/group", _MEMBERS),),
    read=(Call("GET identity/group/id/{id}"),),
    # Without its type Vault takes an external group for an internal one.
    update=(Call("POST identity/group/id/{id}", {**_MEMBERS, "type": "$type"}, on=tuple(_GROUP)),),
    delete=(Call("DELETE identity/group/id/{id}"),),
    properties={"type": Prop(default="internal"), **_GROUP},
    # A group that others fill would be read as drift.
    absent=(*NAMESPACE, "externalMemberEntityIds", "externalMemberGroupIds", "externalPolicies"),
    autoname="name",
    unique=("name",),
)

_ALIAS = ("canonicalId", "mountAccessor", "name")

ALIAS = row(
    type="vault:identity/groupAlias:GroupAlias",
    identity="id",
    create=(Call("POST identity/group-alias"),),
    read=(Call("GET identity/group-alias/id/{id}"),),
    update=(Call("POST identity/group-alias/id/{id}", on=_ALIAS),),
    delete=(Call("DELETE identity/group-alias/id/{id}"),),
    properties=named(Prop(), " ".join(_ALIAS)),
    absent=NAMESPACE,
    unique=("name", "mountAccessor"),
)

ROWS = (GROUP, ALIAS)
