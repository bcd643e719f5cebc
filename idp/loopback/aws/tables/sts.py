"""STS: who asks."""

from __future__ import annotations

from idp.loopback.provider.table import Call, Function

CALLER_IDENTITY = Function(
    token="aws:index/getCallerIdentity:getCallerIdentity",  # noqa: S106 (a name of the SDK, not a secret)
    service="sts",
    call=Call("get_caller_identity"),
    computed={"id": "Account", "accountId": "Account"},
    regional=False,
)

FUNCTIONS = (CALLER_IDENTITY,)
