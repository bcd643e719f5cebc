"""The language of the tables: what to call to create, read, update and delete a resource type, or for a function.

A template says what a request member is: a literal; `"$property"` (also `$id`, `$account`, `$region`, `$nonce`,
`$item`, `$old.NAME`, `$state.NAME`, `$added.NAME`, `$removed.NAME`, `$changed.NAME`, and, right after a creation,
`$created.NAME` of its answer); text with such names in braces; a list or mapping of templates; `Literal`, `If` or
`Made`. What resolves to nothing is left out of the request. Members whose name says which property they are need no
template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idp.loopback.provider.values import Properties, Value

if TYPE_CHECKING:
    from idp.loopback.provider.context import Context

Template = object
_RECORDS = ("old", "state", "added", "removed", "changed", "created")
"""References that speak of a property as it is somewhere else."""
BRACES = re.compile(r"\{([\w.]+)\}")


@dataclass(frozen=True)
class Literal:
    """Text that looks like a reference and is none."""

    text: str


@dataclass(frozen=True)
class If:
    """`then` where the reference is there and not empty, else `otherwise`."""

    reference: str
    then: Template
    otherwise: Template = None


@dataclass(frozen=True)
class Made:
    """What a function makes of a reference's value; None stays None. Its ValueError says what is allowed."""

    reference: str
    by: Callable[[Value], Value]


@dataclass(frozen=True)
class Call:
    """One operation of the service; references in braces in its name are members of the request."""

    operation: str
    members: Mapping[str, Template] = field(default_factory=dict)
    on: tuple[str, ...] = ()
    """In an update: the properties that it carries; it runs when one of them changed."""
    pick: str = ""
    """JMESPath into the answer; picking nothing in the first read means the resource is gone."""
    under: str = ""
    """In a read: the name under which the answer goes; else its members join those of the other reads."""
    needs: str = ""
    """A reference: the call is left out while it is missing, empty or false."""
    unless: str = ""
    """A reference: the call is left out while it is there and true."""
    each: str = ""
    """A reference to a list: the call runs for each element, as `$item`."""
    within: str = ""
    """The member into which properties are filled by name, when they do not stand at the request's top."""
    by_name: bool = True
    """Whether properties are filled in by name at all."""
    may_fail: tuple[str, ...] = ()
    """Codes of errors that mean that there is nothing to do."""


@dataclass(frozen=True)
class Quirk:
    """What no table says: a function of the context; in a read it returns members of the object read."""

    run: Callable[[Context], Properties | None]
    on: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    """Properties that it reads beside `on`."""


Step = Call | Quirk


@dataclass(frozen=True)
class Prop:
    """An input property of a resource type."""

    member: str = ""
    """Path of the request member of the creation (`A.B`), where the name does not say so."""
    out: str | None = ""
    """JMESPath into the object read; empty: found by name; None: the service never tells it."""
    told: Callable[[Value], Value] | None = None
    """Makes the SDK's value of what the service tells, where the kinds do not say how."""
    default: Value = None
    """What an absent property means."""
    defaults: Mapping[str, Value] = field(default_factory=dict)
    """The same for members of an object: dotted path to value."""
    kept: bool = False
    """Absent means: as the service has it, whatever that is."""
    kept_inside: tuple[str, ...] = ()
    """The same for members of an object or of each element of a list: dotted paths."""
    permanent: bool = False
    """The service can change it, but never take it away: its removal replaces."""
    local: bool = False
    """Only this provider uses it (`forceDestroy`); the service never sees it."""
    shared: bool = False
    """With `local`: the provider tells it apart from another property that is sent and read (`tags` of `tagsAll`)."""
    version: str = ""
    """Write-only: sent when the property of this name changes; never compared, never an output."""
    normal: Callable[[Value], Value] | None = None
    """Gives the form in which two spellings of one value are equal."""


@dataclass(frozen=True)
class Ready:
    """What to wait for after a creation or an update, in the object read."""

    path: str
    done: tuple[str, ...]
    failed: tuple[str, ...] = ()
    seconds: float = 1200.0
    """Longest wait, unless the program's custom timeouts say otherwise; the official provider's usual 20 minutes."""


@dataclass(frozen=True)
class Row:
    """One resource type."""

    type: str
    """The SDK's token: `aws:ec2/vpc:Vpc`."""
    service: str
    identity: str
    """A JMESPath into the answer of the creation, or text with properties or members of the answer in braces."""
    create: tuple[Step, ...]
    """The first call's answer has the id, or parts of it."""
    read: tuple[Step, ...]
    delete: tuple[Step, ...]
    properties: Mapping[str, Prop]
    after: tuple[Step, ...] = ()
    """What a creation does once it has an id."""
    update: tuple[Step, ...] = ()
    """In order. After a creation those run whose properties it did not carry."""
    computed: Mapping[str, str] = field(default_factory=dict)
    """Outputs whose name does not say what they are: JMESPath into the object read, or text with braces."""
    derived: Mapping[str, Template] = field(default_factory=dict)
    """Names for references, made of properties."""
    absent: tuple[str, ...] = ()
    """Outputs that the SDK has and nothing here tells."""
    secret: tuple[str, ...] = ()
    """Properties that are secrets although the SDK does not say so."""
    identity_prefix: str = ""
    """What the service writes before an id and the SDK leaves out."""
    autoname: str = ""
    """The property that gets a name made of the resource's when it is absent."""
    autoname_prefix: str = ""
    """What the service wants before a name (`alias/`)."""
    unique: tuple[str, ...] = ()
    """Properties that no two resources can share: a replacement that keeps them deletes first."""
    ready: Ready | None = None
    gone: str = ""
    """JMESPath that is true when what can still be read is already deleted."""
    settle: bool = False
    """Whether a deletion waits until the resource is gone."""
    regional: bool = True
    """Whether the SDK gives it the property `region`."""

    def replacing(self) -> frozenset[str]:
        """Return the properties whose change replaces: those that no update carries."""
        updatable = {name for step in self.update for name in step.on}
        return frozenset(name for name, prop in self.properties.items() if not prop.local and name not in updatable)

    def is_template(self) -> bool:
        """Return whether the id is made of properties, so that it can be taken apart again."""
        return "{" in self.identity

    def split(self, identity: str) -> Properties:
        """Return the properties an id is made of; nothing for an id given by the service or of another form."""
        if not self.is_template():
            return {}
        names = BRACES.findall(self.identity)
        pattern = "".join(
            f"(?P<{part}>{'.+' if part == names[-1] else '.+?'})" if index % 2 else re.escape(part)
            for index, part in enumerate(BRACES.split(self.identity))
        )
        found = re.fullmatch(pattern, identity)
        return dict(found.groupdict()) if found else {}


@dataclass(frozen=True)
class Function:
    """One function: a read whose answer is a result, not a resource."""

    token: str
    """The SDK's token: `aws:eks/getCluster:getCluster`."""
    service: str
    call: Call
    """Arguments become members of its request as properties do; picking nothing means that the thing is not there."""
    arguments: tuple[str, ...] = ()
    """Those that are taken, beside `region`."""
    computed: Mapping[str, str] = field(default_factory=dict)
    """Results whose name does not say what they are, as in `Row.computed`."""
    absent: tuple[str, ...] = ()
    """Results that the SDK has and nothing here tells."""
    regional: bool = True
    """Whether the SDK gives it the argument `region`."""

    def row(self) -> Row:
        """Return the row of a resource type that can only be read."""
        return Row(
            type=self.token,
            service=self.service,
            identity="",
            create=(),
            read=(self.call,),
            delete=(),
            properties={name: Prop() for name in self.arguments},
            computed=self.computed,
            absent=self.absent,
            regional=self.regional,
        )


def references(template: Template) -> Iterator[str]:
    """Yield each name a template refers to, without `$` (`vpcId`, `old.tags`, `id`)."""
    if isinstance(template, str):
        if template.startswith("$"):
            yield template[1:]
        else:
            yield from BRACES.findall(template)
    elif isinstance(template, If):
        yield from references(template.reference)
        yield from references(template.then)
        yield from references(template.otherwise)
    elif isinstance(template, Made):
        yield from references(template.reference)
    elif isinstance(template, Mapping):
        for item in template.values():
            yield from references(item)
    elif isinstance(template, list):
        for item in template:
            yield from references(item)


def property_of(reference: str) -> str:
    """Return the property a reference speaks of (`added.tags.x` → `tags`)."""
    parts = reference.split(".")
    return (
        parts[1]
        if parts[0] in ("old", "state", "added", "removed", "changed", "created") and len(parts) > 1
        else parts[0]
    )
