"""Reads policy documents of AWS: of identities, of resources, and of who may take a role.

A document is JSON text, or a mapping where a program gives one. What a statement says is judged with a third answer for
what is not known yet. Names of elements, actions, operators and keys are compared in small letters: IAM does not tell
letters apart in actions and condition keys (docs.aws.amazon.com/IAM, JSON policy elements), and where it does, a rule
that does not is the stricter one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

from policies.plain import UNKNOWN, Plain, join
from policies.rule import Finding, NotYetKnown, Violation
from policies.truth import Truth, every, opposite, some

UNREADABLE = "is no policy document that can be read; allowed is JSON with a list of statements"

_EVERY_ACTION = re.compile(r"\*+(:\*+)?")
_WHOLE_SERVICE = re.compile(r"[a-z0-9-]+:\*+")
_POSITIVE = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
"""Operators that are false where the key is absent and that say which values it may have."""


@dataclass(frozen=True)
class Statement:
    """One statement; `value` is a mapping, or unknown."""

    value: Plain
    path: str

    def element(self, name: str) -> Plain:
        """Return an element such as `Action`, None where it is absent."""
        return _folded(self.value, name)


@dataclass(frozen=True)
class Unreadable:
    """A document that is no policy."""

    path: str


Read: TypeAlias = Statement | NotYetKnown | Unreadable


def read(document: Plain, path: str) -> Iterator[Read]:
    """Yield the statements of the document at `path`, or the one reason why there are none."""
    if isinstance(document, str):
        document = _parsed(document)
    statements = _folded(document, "statement")
    if statements is UNKNOWN:
        yield NotYetKnown(path)
    elif not all(one is UNKNOWN or isinstance(one, dict) for one in listed(statements)) or statements is None:
        yield Unreadable(path)
    else:
        for index, one in enumerate(listed(statements)):
            yield Statement(one, join(path, "Statement", index))


def judged(
    found: Iterable[Read], wrong: Callable[[Statement], Truth], says: str, *, readable: bool = False
) -> Iterator[Finding]:
    """Yield a violation for each statement that allows something and is wrong.

    With `readable`, a document that can't be read is one, too: one rule of those that look at it should say so.
    """
    for one in found:
        if isinstance(one, NotYetKnown):
            yield one
        elif isinstance(one, Unreadable):
            if readable:
                yield Violation(UNREADABLE, one.path)
        elif (answer := every((allows(one), wrong(one)))) is None:
            yield NotYetKnown(one.path)
        elif answer:
            yield Violation(says, one.path)


def listed(value: Plain) -> list[Plain]:
    """Return the items of a list, or what stands for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def allows(statement: Statement) -> Truth:
    """Tell whether it allows, not denies."""
    effect = statement.element("Effect")
    return None if effect is UNKNOWN else isinstance(effect, str) and effect.lower() == "allow"


def does_everything(statement: Statement) -> Truth:
    """Tell whether its actions are all there are."""
    return some(_fits(action, _EVERY_ACTION) for action in listed(statement.element("Action")))


def does_all_of_a_service(statement: Statement) -> Truth:
    """Tell whether its actions are all of a service, such as `ec2:*`, or all but some."""
    wide = some(_fits(action, _WHOLE_SERVICE) for action in listed(statement.element("Action")))
    return some((wide, _present(statement.element("NotAction"))))


def does(statement: Statement, *actions: str) -> Truth:
    """Tell whether one of the actions, such as `iam:PassRole`, is among those that it names or leaves over."""
    named, left = statement.element("Action"), statement.element("NotAction")
    found = some(_covers(pattern, action) for pattern in listed(named) for action in actions)
    if left is None:
        return found
    return some((found, *(opposite(some(_covers(pattern, action) for pattern in listed(left))) for action in actions)))


def is_about_every(statement: Statement, *samples: str) -> Truth:
    """Tell whether its resources are all of a kind: those that cover each of the sample names, such as `role/a/b`.

    Which partition, region and account an ARN names does not count. All but some is nearly all.
    """
    resources = listed(statement.element("Resource"))
    named = some(every(_covers_name(resource, sample) for sample in samples) for resource in resources)
    return some((named, _present(statement.element("NotResource"))))


def is_for_everyone(statement: Statement) -> Truth:
    """Tell whether its principals are anyone at all, or all but some."""
    principal = statement.element("Principal")
    groups = list(principal.values()) if isinstance(principal, dict) else [principal]
    named = some(_is_star(one) for group in groups for one in listed(group))
    return some((named, _present(statement.element("NotPrincipal"))))


def depends_on(statement: Statement, key: Callable[[str], bool], value: Callable[[str], bool]) -> Truth:
    """Tell whether a condition lets pass only certain values of a key: `key` and `value` say which keys and values do.

    An operator that also holds where the key is absent (`IfExists`, `ForAllValues`) binds nobody.
    """
    conditions = statement.element("Condition")
    if conditions is UNKNOWN:
        return None
    found = conditions.items() if isinstance(conditions, dict) else ()
    return some(
        _only(values, value)
        for operator, keys in found
        if operator.lower().removeprefix("foranyvalue:") in _POSITIVE
        for name, values in _entries(keys)
        if name is None or key(name.lower())
    )


def is_fixed(value: str) -> bool:
    """Tell whether a value of a condition stands for itself: no wildcard, no policy variable."""
    return bool(value) and not set(value) & set("*?$")


def _entries(keys: Plain) -> list[tuple[str | None, Plain]]:
    """Return the keys of an operator; one without a name where they are unknown."""
    if keys is UNKNOWN:
        return [(None, UNKNOWN)]
    return list(keys.items()) if isinstance(keys, dict) else []


def _only(values: Plain, fits: Callable[[str], bool]) -> Truth:
    items = listed(values)
    return bool(items) and every(None if one is UNKNOWN else isinstance(one, str) and fits(one) for one in items)


def _folded(value: Plain, name: str) -> Plain:
    """Return an entry of a mapping, whatever the size of the letters of its key."""
    if value is UNKNOWN or not isinstance(value, dict):
        return UNKNOWN if value is UNKNOWN else None
    return next((inner for key, inner in value.items() if key.lower() == name.lower()), None)


def _parsed(text: str) -> Plain:
    try:
        found: Plain = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return found


def _once(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    """Return the mapping; a key that is there twice would hide one of its values."""
    found = dict(pairs)
    if len({key.lower() for key in found}) != len(pairs):
        raise ValueError("a key twice")
    return found


def _present(value: Plain) -> Truth:
    return None if value is UNKNOWN else value is not None


def _fits(value: Plain, pattern: re.Pattern[str]) -> Truth:
    return None if value is UNKNOWN else isinstance(value, str) and pattern.fullmatch(value.lower()) is not None


def _is_star(value: Plain) -> Truth:
    return None if value is UNKNOWN else value == "*"


def _covers(pattern: Plain, name: str) -> Truth:
    """Tell whether a pattern with `*` (any text) and `?` (any character) stands for a name."""
    if pattern is UNKNOWN:
        return None
    if not isinstance(pattern, str):
        return False
    return fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))


def _covers_name(resource: Plain, name: str) -> Truth:
    if not isinstance(resource, str):
        return _covers(resource, name)
    # arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME; a wildcard before the name takes in all that follows.
    parts = resource.split(":", 5)
    return _covers(parts[-1] if len(parts) == 6 else "*" if resource.endswith("*") else "", name)
