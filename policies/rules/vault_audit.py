"""Whatever is asked of Vault is written down, with secrets hashed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.kinds import exactly
from policies.plain import UNKNOWN, at
from policies.rule import Finding, NotYetKnown, Resource, Severity, StackRule, Violation
from policies.samples import declared

_AUDIT, _MOUNT, _LOGIN, _JWT = (
    "vault:index/audit:Audit",
    "vault:index/mount:Mount",
    "vault:index/authBackend:AuthBackend",
    "vault:jwt/authBackend:AuthBackend",
)


def _check(resources: Sequence[Resource]) -> Iterator[Finding]:
    devices = [one for one in resources if one.kind == "Audit"]
    if resources and not devices:
        yield Violation("is in a Vault without an audit device; allowed is a stack that has one", "", resources[0])
    for device in devices:
        raw = at(device.props, "options", "log_raw")
        if raw is UNKNOWN:
            yield NotYetKnown("options.log_raw", device)
        elif raw is not None and str(raw).lower() not in ("false", "0", ""):
            yield Violation("writes secrets in clear; allowed is false, or nothing", "options.log_raw", device)


RULE = StackRule(
    id="vault_audit",
    title="Vault has an audit device",
    severity=Severity.HIGH,
    why="Without one nobody can tell after a theft which secrets are gone; one that logs raw is itself the theft.",
    remedy="Add an `Audit` of type `file`, best two, in the stack that configures logins and engines.",
    types=exactly(Audit=_AUDIT, Mount=_MOUNT, AuthBackend=_LOGIN, JwtAuthBackend=_JWT),
    check=_check,
    passing=(
        (),
        (declared(_MOUNT), declared(_AUDIT, type="file")),
        (declared(_AUDIT, options={"file_path": "stdout"}), declared(_LOGIN)),
        (declared(_AUDIT, options={"log_raw": "false"}),),
    ),
    failing=(
        (declared(_MOUNT),),
        (declared(_LOGIN), declared(_JWT)),
        (declared(_MOUNT), declared(_AUDIT, options={"log_raw": "true"})),
        (declared(_AUDIT, options={"log_raw": True}),),
    ),
)
