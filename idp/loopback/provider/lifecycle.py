"""Create, read, update and delete of one resource, as its row says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import jmespath

from idp.loopback.provider import offers, unfinished
from idp.loopback.provider.api import ApiError
from idp.loopback.provider.context import Context
from idp.loopback.provider.decode import decode, find
from idp.loopback.provider.schema import Schema
from idp.loopback.provider.table import BRACES, Call, Ready, Row, Step
from idp.loopback.provider.values import Properties, Value

POLL_SECONDS = 0.2
"""Between two looks at something that is not ready; services behind this plugin are on this machine."""


class NotReadyError(Exception):
    """A resource failed, or was not ready in time."""


class PartlyCreatedError(Exception):
    """The resource is there, but a later step of its creation failed: `identity` and what is left to do."""

    def __init__(self, identity: str, reason: Exception, left: frozenset[str]) -> None:
        super().__init__(str(reason))
        self.identity = identity
        self.reason = reason
        self.left = left


@dataclass(frozen=True)
class Lifecycle:
    """What is done to resources of one type; `cancelled` ends waits early."""

    schema: Schema
    cancelled: Callable[[], bool] = lambda: False

    def create(self, context: Context, seconds: float | None = None) -> tuple[str, Properties]:
        """Create; return the id and the outputs.

        Raises ApiError or InvalidRequestError if nothing was made, PartlyCreatedError afterwards.
        """
        answer: Value = None
        for step in context.row.create:
            result = self._run(context, step, offers.creation(context))
            answer = answer if answer is not None else result
        identity = self._identity(context, answer)
        carried = offers.carried(context.api, context.row)
        old = {**context.old, **{name: context.inputs.get(name) for name in carried}}
        made = replace(context, id=identity, old=old, created=answer)
        todo = self._steps(context.row, self._differing(old, context.inputs) | {unfinished.AFTER})
        try:
            self._work_off(made, todo)
            return identity, self._settle(made, seconds)
        except Exception as error:
            raise PartlyCreatedError(identity, error, unfinished.left(context.row, todo)) from error

    def update(self, context: Context, changed: frozenset[str], seconds: float | None = None) -> Properties:
        """Update what `changed`; return the outputs. Raises ApiError, InvalidRequestError, NotReadyError."""
        self._work_off(context, self._steps(context.row, changed))
        return self._settle(context, seconds)

    def read(self, context: Context) -> Properties | None:
        """Return the outputs, or None if the resource is gone. Raises ApiError."""
        found = self._look(context)
        return None if found is None else self.outputs(context, found)

    def delete(self, context: Context, seconds: float | None = None) -> None:
        """Delete; nothing happens if it is gone. Raises ApiError, NotReadyError."""
        if self._look(context) is None:
            return
        for step in context.row.delete:
            try:
                self._run(context, step, {})
            except ApiError as error:
                if not error.is_gone:
                    raise
        if context.row.settle:
            self._await(lambda: self._look(context) is None, "still there", seconds or Ready("", ()).seconds)

    def outputs(self, context: Context, found: Properties) -> Properties:
        """Return the SDK's outputs from the object read."""
        row = context.row
        result: Properties = {}
        for name, kind in self.schema.outputs.items():
            prop = row.properties.get(name)
            if name in row.absent or (prop is not None and prop.version):
                continue
            if prop is not None and (prop.local or prop.out is None):
                value = context.inputs.get(name)
            else:
                out = prop.out if prop is not None and prop.out else row.computed.get(name, "")
                member = self._member(context, found, name, out)
                if prop is not None and prop.told is not None and member is not None:
                    member = prop.told(member)
                value = decode(member, kind)
            if value is not None:
                result[name] = value
        if row.regional:
            result["region"] = context.region
        return result

    def _member(self, context: Context, found: Properties, name: str, out: str) -> Value:
        if not out:
            member = find(name, found)
            return None if member is None else found[member]
        if out.startswith("$") or BRACES.search(out):
            return context.fill(out)
        value: Value = jmespath.search(out, found)
        return value

    def _identity(self, context: Context, answer: Value) -> str:
        if context.row.is_template():
            parts = answer if isinstance(answer, dict) else {}
            return str(replace(context, inputs={**parts, **context.inputs}).fill(context.row.identity))
        return str(jmespath.search(context.row.identity, answer)).removeprefix(context.row.identity_prefix)

    def _steps(self, row: Row, changed: frozenset[str]) -> list[Step]:
        after = row.after if unfinished.AFTER in changed else ()
        return [*after, *(step for step in row.update if changed.intersection(step.on))]

    def _work_off(self, context: Context, todo: list[Step]) -> None:
        """Do the steps in turn; those that are done leave the list."""
        while todo:
            self._run(context, todo[0], offers.update(context, todo[0]))
            todo.pop(0)

    def _differing(self, old: Properties, new: Properties) -> frozenset[str]:
        return frozenset(name for name in {*old, *new} if old.get(name) != new.get(name))

    def _run(self, context: Context, step: Step, offered: Properties) -> Value:
        if isinstance(step, Call):
            return context.run(step, offered) if context.wants(step) else None
        return step.run(context)

    def _look(self, context: Context) -> Properties | None:
        """Return what all reads say together; None if the first says that there is nothing."""
        found: Properties = {}
        for index, step in enumerate(context.row.read):
            try:
                answer = self._run(context, step, {})
            except ApiError as error:
                if not error.is_gone:
                    raise
                answer = None
            if answer is None and index == 0:
                return None
            if isinstance(step, Call) and step.under:
                found[step.under] = answer
            elif isinstance(answer, dict):
                found.update({key: value for key, value in answer.items() if key != "ResponseMetadata"})
        return None if context.row.gone and jmespath.search(context.row.gone, found) else found

    def _settle(self, context: Context, seconds: float | None) -> Properties:
        ready = context.row.ready
        found: Properties | None = None

        def is_ready() -> bool:
            nonlocal found
            found = self._look(context)
            if found is None:
                raise NotReadyError("gone right after it was made or changed")
            status = jmespath.search(ready.path, found) if ready else None
            if ready and status in ready.failed:
                raise NotReadyError(f"{ready.path} is {status}")
            return ready is None or status in ready.done

        limit = seconds or (ready.seconds if ready else 0.0)
        self._await(is_ready, f"{ready.path} not {' or '.join(ready.done)}" if ready else "", limit)
        return self.outputs(context, found or {})

    def _await(self, check: Callable[[], bool], problem: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not check():
            if self.cancelled():
                raise NotReadyError(f"{problem}: cancelled")
            if time.monotonic() >= deadline:
                raise NotReadyError(f"{problem} after {seconds:.0f} s")
            time.sleep(POLL_SECONDS)
