"""The system backend: audit devices, policies, quotas, plugins."""

from __future__ import annotations

import re

from idp.loopback.provider.api import ApiError
from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, If, Prop, Quirk
from idp.loopback.provider.values import Properties
from idp.loopback.vault.tables.common import FLAG, LIST, LOCAL, NAMESPACE, NUMBER, TEXT, row

AUDIT = row(
    type="vault:index/audit:Audit",
    identity="{at}",
    derived={"at": If("$path", "$path", "$type"), "slashed": "{at}/"},
    create=(
        Call(
            "POST sys/audit/{at}",
            {"type": "$type", "description": "$description", "options": "$options", "local": "$local"},
            by_name=False,
        ),
    ),
    read=(Call("GET sys/audit", pick="values(@)[?path=={slashed}] | [0]"),),
    delete=(Call("DELETE sys/audit/{at}"),),
    properties={
        "path": Prop(out="$at", kept=True),
        "type": Prop(),
        "description": TEXT,
        "options": Prop(),
        "local": FLAG,
    },
    absent=NAMESPACE,
    unique=("path",),
)


def _refuse_overwriting(context: Context) -> None:
    if context.inputs.get("allowOverwrite") is not False:
        return
    name = str(context.inputs["name"])
    try:
        context.send("GET sys/policies/acl/{name}", name=name)
    except ApiError as error:
        if error.is_gone:
            return
        raise
    raise ApiError(f"GET sys/policies/acl/{name}", "Exists", "there is such a policy, and allowOverwrite is false")


POLICY = row(
    type="vault:index/policy:Policy",
    identity="{name}",
    create=(Quirk(_refuse_overwriting, uses=("allowOverwrite",)), Call("POST sys/policies/acl/{name}")),
    read=(Call("GET sys/policies/acl/{name}"),),
    update=(Call("POST sys/policies/acl/{name}", on=("policy",)),),
    delete=(Call("DELETE sys/policies/acl/{name}"),),
    properties={"name": Prop(out="$name"), "policy": Prop(), "allowOverwrite": LOCAL},
    absent=NAMESPACE,
    autoname="name",
    unique=("name",),
)

QUOTA_RATE_LIMIT = row(
    type="vault:index/quotaRateLimit:QuotaRateLimit",
    identity="{name}",
    create=(Call("POST sys/quotas/rate-limit/{name}"),),
    read=(Call("GET sys/quotas/rate-limit/{name}"),),
    update=(
        # The path goes along: what a request does not say, Vault takes for "everywhere". A role it would forget.
        Call("POST sys/quotas/rate-limit/{name}", {"path": "$path"}, on=("rate", "interval", "blockInterval")),
    ),
    delete=(Call("DELETE sys/quotas/rate-limit/{name}"),),
    properties={
        "name": Prop(out="$name"),
        "path": Prop(default="", normal=lambda path: str(path).strip("/")),
        "rate": Prop(),
        "interval": Prop(default=1),
        "blockInterval": NUMBER,
        "role": TEXT,
    },
    # Enterprise's.
    absent=(*NAMESPACE, "groupBy", "inheritable", "secondaryRate"),
    autoname="name",
    unique=("name",),
)

_PLUGIN = re.compile(r"(?P<type>[^/]+)/(?:version/(?P<version>[^/]+)/)?name/(?P<name>.+)")


def _read_plugin(context: Context) -> Properties | None:
    found = _PLUGIN.fullmatch(str(context.id))
    if found is None:
        reason = "is no id of a plugin; TYPE/name/NAME and TYPE/version/VERSION/name/NAME are"
        raise ApiError("GET sys/plugins/catalog", "BadId", f"{str(context.id)!r} {reason}")
    parts: Properties = {name: value for name, value in found.groupdict().items() if value is not None}
    return {**context.send("GET sys/plugins/catalog/{type}/{name}", **parts), "version": "", **parts}


PLUGIN = row(
    type="vault:index/plugin:Plugin",
    identity="{type}/{which}",
    derived={"which": If("$version", "version/{version}/name/{name}", "name/{name}")},
    create=(Call("POST sys/plugins/catalog/{type}/{name}"),),
    read=(Quirk(_read_plugin),),
    update=(
        Call(
            "POST sys/plugins/catalog/{type}/{name}",
            {"version": If("$version", "$version")},
            on=("args", "command", "envs", "sha256"),
        ),
    ),
    delete=(Call("DELETE sys/plugins/catalog/{type}/{name}", {"version": If("$version", "$version")}),),
    properties={
        "name": Prop(),
        "type": Prop(),
        "version": TEXT,
        "command": Prop(),
        "sha256": Prop(),
        "args": LIST,
        "envs": Prop(member="env", out=None, default=[]),
    },
    # Containers, and what Enterprise downloads by itself.
    absent=(*NAMESPACE, "download", "ociImage", "runtime"),
    autoname="name",
    unique=("type", "name", "version"),
)

ROWS = (AUDIT, POLICY, QUOTA_RATE_LIMIT, PLUGIN)
