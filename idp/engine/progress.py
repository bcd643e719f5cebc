"""What has happened so far in one run of one layer, taken from the engine's events."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi.automation.events import (
    DiagnosticEvent,
    EngineEvent,
    OpType,
    PolicyEvent,
    StepEventMetadata,
    StepEventStateMetadata,
)

from idp.engine.findings import Counts, counts

STACK = "pulumi:pulumi:Stack"

_UNCHANGED = {OpType.SAME, OpType.READ, OpType.REFRESH}
_MARKUP = re.compile(r"<\{%.*?%\}>")
"""The engine's colour commands."""

_HOLLOW = re.compile(
    r"^(\S+: )?((preview|update|destroy|refresh) failed|an unhandled error occurred: .* exit status \d+)$"
)

_INVOKE = re.compile(
    r"^Exception: invoke of \S+ failed: (?:invocation of \S+ returned an error: )?(?P<told>.+)\Z", re.M | re.S
)
"""How the SDK ends a program when a provider's function says no: after a traceback through nothing but itself."""

_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
"""Key and value that mark a secret in what the engine prints (`SigKey` and `SecretSig` of its Go SDK)."""


@dataclass(frozen=True)
class Violation:
    """A policy's word on a resource."""

    policy: str
    mandatory: bool
    urn: str | None
    message: str

    @property
    def counts(self) -> Counts:
        """How many findings it tells."""
        return counts(self.message, mandatory=self.mandatory)


@dataclass(frozen=True)
class Step:
    """An operation on a resource, done or failed."""

    op: str
    type: str
    name: str
    urn: str
    failed: bool = False


@dataclass
class Progress:
    """Grows with each event; read by the display from another thread, which may see it one event late."""

    layer: str
    current: str = ""
    """What is being worked on."""
    same: int = 0
    steps: list[Step] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    outputs: Mapping[str, object] = field(default_factory=dict)
    """What the layer exports, secrets as `[secret]`."""
    outputs_changed: bool = False

    @property
    def changes(self) -> Mapping[str, int]:
        """Operations by kind, unchanged resources apart: `{"create": 3}`."""
        return Counter(step.op for step in self.steps)

    @property
    def counts(self) -> Counts:
        """What the policies found."""
        return sum((violation.counts for violation in self.violations), Counts())

    def add(self, event: EngineEvent) -> None:
        """Take in one event."""
        if event.resource_pre_event:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._end(event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            self._step(event.res_op_failed_event.metadata, failed=True)
        elif event.policy_event:
            self._violation(event.policy_event)
        elif event.diagnostic_event:
            self._diagnostic(event.diagnostic_event)
        elif event.summary_event:
            self.same = event.summary_event.resource_changes.get(OpType.SAME, 0)

    @property
    def telling(self) -> list[str]:
        """The errors that say more than that there was one, which is also how a refusal ends."""
        return [error for error in self.errors if not _HOLLOW.search(error)]

    def conclude(self) -> None:
        """Drop errors that only say that there was one, if another says which."""
        self.errors = self.telling or self.errors

    def _begin(self, metadata: StepEventMetadata) -> None:
        if metadata.op not in _UNCHANGED:
            self.current = f"{metadata.op.value} {name_of(metadata.urn)}"

    def _end(self, metadata: StepEventMetadata) -> None:
        if metadata.type == STACK:
            self.outputs = _outputs(metadata.new)
            self.outputs_changed = self.outputs != _outputs(metadata.old)
        if metadata.op not in _UNCHANGED:
            self._step(metadata)

    def _step(self, metadata: StepEventMetadata, *, failed: bool = False) -> None:
        step = Step(metadata.op.value, metadata.type, name_of(metadata.urn), metadata.urn, failed)
        # Components report twice: when they are registered, and again with their outputs.
        if step not in self.steps:
            self.steps.append(step)

    def _violation(self, event: PolicyEvent) -> None:
        violation = Violation(
            event.policy_name, event.enforcement_level == "mandatory", event.resource_urn, _plain(event.message)
        )
        if violation not in self.violations:
            self.violations.append(violation)

    def _diagnostic(self, event: DiagnosticEvent) -> None:
        if event.severity == "error" and (message := _told(_plain(event.message))):
            where = f"{name_of(event.urn)}: " if event.urn else ""
            self.errors.append(where + message)


def name_of(urn: str) -> str:
    """Return the name of a resource."""
    return urn.rsplit("::", 1)[-1]


def _plain(message: str) -> str:
    return _MARKUP.sub("", message).strip()


def _told(message: str) -> str:
    """Return what a provider's function said, where that ended the program; other messages as they are."""
    found = _INVOKE.search(message)
    return found["told"].strip() if found else message


def _outputs(state: StepEventStateMetadata | None) -> Mapping[str, object]:
    return {name: _masked(value) for name, value in ((state.outputs if state else None) or {}).items()}


def _masked(value: object) -> object:
    """Return `value` with `[secret]` for each wrapper in which the engine tells that something is secret."""
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return "[secret]"
        return {name: _masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value
