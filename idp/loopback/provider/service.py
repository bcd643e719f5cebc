"""What the engine asks of a provider (its `ResourceProvider` protocol), answered from the tables."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from idp.loopback.provider import checking, compare, drift, functions, schema, unfinished
from idp.loopback.provider.checking import nearest
from idp.loopback.provider.context import Context
from idp.loopback.provider.failures import Refusal, cleaned
from idp.loopback.provider.lifecycle import Lifecycle, PartlyCreatedError
from idp.loopback.provider.names import automatic, name_of, type_of
from idp.loopback.provider.provider import Provider
from idp.loopback.provider.schema import Schema
from idp.loopback.provider.table import Row
from idp.loopback.provider.values import UNKNOWN, Properties, Unpacked, Value, pack, spellings, strings, unpack

DEFAULTS = "__defaults"
"""Among the inputs: the names of those this provider filled in, as the official providers keep it."""

_KINDS = {
    "add": (provider_pb2.PropertyDiff.ADD, provider_pb2.PropertyDiff.ADD_REPLACE),
    "delete": (provider_pb2.PropertyDiff.DELETE, provider_pb2.PropertyDiff.DELETE_REPLACE),
    "update": (provider_pb2.PropertyDiff.UPDATE, provider_pb2.PropertyDiff.UPDATE_REPLACE),
}


@dataclass(frozen=True)
class _Type:
    row: Row
    schema: Schema
    secret: frozenset[str]
    """Properties that are secrets, whatever the program says."""


class Service:
    """One plugin process. The engine calls it from many threads."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._types: dict[str, _Type] = {}
        self._cancelled = threading.Event()
        self.secrets: set[str] = set()
        """Every secret the engine ever sent, so that no message repeats one."""

    def handshake(self, _: provider_pb2.ProviderHandshakeRequest) -> provider_pb2.ProviderHandshakeResponse:
        """Say what of the protocol is understood."""
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False, supports_autonaming_configuration=True
        )

    def plugin_info(self, _: empty_pb2.Empty) -> plugin_pb2.PluginInfo:
        """Say the version."""
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def cancel(self, _: empty_pb2.Empty) -> empty_pb2.Empty:
        """End all waits: the person who runs the engine wants to stop."""
        self._cancelled.set()
        return empty_pb2.Empty()

    def check_config(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Judge the provider's configuration."""
        news = self._open(request.news)
        failures = self._provider.check(news.properties)
        return provider_pb2.CheckResponse(
            inputs=request.news,
            failures=[provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in failures],
        )

    def diff_config(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Compare two configurations. A provider is never replaced: its resources would be too."""
        old, new = self._open(request.old_inputs).properties, self._open(request.news).properties
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_NONE if old == new else provider_pb2.DiffResponse.DIFF_SOME
        )

    def configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        """Take the configuration."""
        self._provider.configure(self._open(request.args).properties)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        """Call a function."""
        known = self._provider.functions
        if request.tok not in known:
            raise Refusal(f"this provider does not have this function{nearest(request.tok, known)}")
        described = schema.load_function(self._provider.package, request.tok)
        arguments = self._open(request.args).properties
        return _answer(functions.call(known[request.tok], described, self._provider.api(), arguments))

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Judge a resource's inputs, and name the resource if the program does not."""
        known = self._type(request.urn)
        news = self._open(request.news)
        inputs = self._named(known.row, news.properties, request)
        findings = checking.check_inputs(
            known.row, known.schema, {name: value for name, value in inputs.items() if name != DEFAULTS}
        )
        if not findings:
            findings = checking.check_requests(self._context(known.row, UNKNOWN, inputs))
        return provider_pb2.CheckResponse(
            inputs=pack(inputs, news.secret | known.secret),
            failures=[
                provider_pb2.CheckFailure(property=item.path, reason=cleaned(item.reason, self.secrets))
                for item in findings
            ],
        )

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Say what changes, and whether it replaces."""
        known = self._type(request.urn)
        state = self._open(request.olds).properties
        old = self._open(request.old_inputs).properties or state
        new = self._open(request.news).properties
        changes = self._changes(known.row, unfinished.without(old, unfinished.of(state)), state, new)
        if not changes and unfinished.of(state):
            changes.append(compare.Change(unfinished.KEY, "delete"))
        replacing = known.row.replacing() | ({"region"} if known.row.regional else set())
        replacing |= {
            name
            for name, prop in known.row.properties.items()
            if prop.permanent and _is_off(new.get(name)) and not _is_off(old.get(name))
        }
        replaces = [change for change in changes if change.top in replacing]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({change.top for change in changes}),
            replaces=sorted({change.top for change in replaces}),
            detailedDiff={
                change.path: provider_pb2.PropertyDiff(kind=_KINDS[change.kind][change in replaces], inputDiff=True)
                for change in changes
            },
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and _collides(known.row, old, new),
        )

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Create a resource, or say what is known beforehand."""
        known = self._type(request.urn)
        given = self._open(request.properties)
        target = self._context(known.row, UNKNOWN, given.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=self._close(known, self._planned(known, target, {}), given))
        try:
            identity, outputs = self._lifecycle(known).create(target, request.timeout or None)
        except PartlyCreatedError as error:
            raise self._partly(known, target, given, error) from error
        collapsed = self._provider.collapse(known.row, outputs, given.properties)
        return provider_pb2.CreateResponse(id=identity, properties=self._close(known, collapsed, given))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """Read a resource for a refresh or an import."""
        known = self._type(request.urn)
        state, prior = self._open(request.properties), self._open(request.inputs)
        # An import knows nothing but the id, and what an absent property means must not speak against it.
        parts = {} if state.properties else known.row.split(request.id)
        given = {**parts, **state.properties, **prior.properties}
        target = self._context(known.row, request.id, given, state.properties)
        outputs = self._lifecycle(known).read(target)
        if outputs is None:
            return provider_pb2.ReadResponse(id="")
        # What is left to do is no drift: a refresh does not do it, so the mark stays.
        left = unfinished.of(state.properties)
        outputs = self._provider.collapse(known.row, outputs, prior.properties)
        recorded = prior.properties if state.properties else None
        inputs = drift.inputs_of(known.row, known.schema, outputs, recorded)
        secret = state.secret | prior.secret | known.secret
        self._remember(outputs, secret)
        told = {**outputs, unfinished.KEY: sorted(left) or None}
        return provider_pb2.ReadResponse(id=request.id, properties=pack(told, secret), inputs=pack(inputs, secret))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Update a resource, or say what is known beforehand; what its creation has left to do is done, too."""
        known = self._type(request.urn)
        recorded = self._open(request.olds).properties
        left = unfinished.of(recorded)
        state = unfinished.without(recorded, left)
        old = unfinished.without(self._open(request.old_inputs).properties or state, left)
        given = self._open(request.news)
        target = self._context(known.row, request.id, given.properties, state, old)
        if request.preview:
            planned = self._planned(known, target, state)
            return provider_pb2.UpdateResponse(properties=self._close(known, planned, given))
        changed = {change.top for change in self._changes(known.row, old, state, given.properties)}
        outputs = self._lifecycle(known).update(target, left | changed, request.timeout or None)
        collapsed = self._provider.collapse(known.row, outputs, given.properties)
        return provider_pb2.UpdateResponse(properties=self._close(known, collapsed, given))

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """Delete a resource."""
        known = self._type(request.urn)
        state = self._open(request.properties).properties
        inputs = self._open(request.old_inputs).properties
        target = self._context(known.row, request.id, {**state, **inputs}, state)
        self._lifecycle(known).delete(target, request.timeout or None)
        return empty_pb2.Empty()

    def _open(self, struct: struct_pb2.Struct) -> Unpacked:
        opened = unpack(struct)
        for text in opened.plaintexts:
            self.secrets.update(spellings(text))
        return opened

    def _close(self, known: _Type, properties: Properties, given: Unpacked) -> struct_pb2.Struct:
        secret = given.secret | known.secret | ({"tagsAll"} if "tags" in given.secret else set())
        self._remember(properties, secret)
        return pack(properties, secret)

    def _remember(self, properties: Properties, secret: frozenset[str]) -> None:
        for name in secret & set(properties):
            for text in strings(properties[name]):
                self.secrets.update(spellings(text))

    def _type(self, urn: str) -> _Type:
        token = type_of(urn)
        if token not in self._types:
            if token not in self._provider.rows:
                hint = nearest(token, self._provider.rows)
                raise Refusal(f"{token}: this provider does not have this resource type{hint}")
            loaded = schema.load(self._provider.package, token)
            row = self._provider.rows[token]
            self._types[token] = _Type(row, loaded, loaded.secret.union(row.secret))
        return self._types[token]

    def _lifecycle(self, known: _Type) -> Lifecycle:
        return Lifecycle(known.schema, self._cancelled.is_set)

    def _context(
        self,
        row: Row,
        identity: Value,
        inputs: Properties,
        state: Properties | None = None,
        old: Properties | None = None,
    ) -> Context:
        state = state or {}
        api = self._provider.api()
        region = inputs.get("region") or state.get("region") or api.region
        return Context(
            api=api,
            row=row,
            id=identity,
            region=api.region if region is UNKNOWN else str(region),
            inputs=self._wanted(row, inputs),
            old=self._before(row, old or {}, state),
            state=state,
        )

    def _wanted(self, row: Row, inputs: Properties) -> Properties:
        return compare.effective(row.properties, self._provider.expand(row, inputs))

    def _before(self, row: Row, old: Properties, state: Properties) -> Properties:
        # What the configuration added then is known from the state only.
        added = {name: state[name] for name in self._provider.expand(row, {}) if name in state}
        return compare.effective(row.properties, {**old, **added})

    def _changes(self, row: Row, old: Properties, state: Properties, new: Properties) -> list[compare.Change]:
        before, after = self._before(row, old, state), self._wanted(row, new)
        changes = []
        for name, prop in row.properties.items():
            changes += compare.changes(name, prop, before.get(name), after.get(name))
        # An absent region is the provider's, whichever that was.
        if row.regional and new.get("region") not in (None, old.get("region", state.get("region"))):
            changes.append(compare.Change("region", "update"))
        return changes

    def _named(self, row: Row, inputs: Properties, request: provider_pb2.CheckRequest) -> Properties:
        """Return the inputs with a physical name: the old one if there is one, so that it never changes by itself."""
        own = {name: value for name, value in inputs.items() if name != DEFAULTS}
        if not row.autoname or own.get(row.autoname) is not None:
            return own
        old = self._open(request.olds).properties
        name = old.get(row.autoname) if row.autoname in _defaults(old) else None
        if name is None and request.autonaming.mode == provider_pb2.CheckRequest.AutonamingOptions.DISABLE:
            raise Refusal(f"{row.autoname}: required, because automatic naming is off")
        if name is None:
            proposed = request.autonaming.proposed_name
            name = row.autoname_prefix + automatic(name_of(request.urn), request.randomSeed, proposed)
        return {**own, row.autoname: name, DEFAULTS: [row.autoname]}

    def _planned(self, known: _Type, target: Context, state: Properties) -> Properties:
        """Return the outputs a preview can know: the inputs, the rest as it is or unknown."""
        rest: Mapping[str, Value] = state or dict.fromkeys(known.schema.outputs, UNKNOWN)
        return {**rest, **_told(known, target)}

    def _partly(self, known: _Type, target: Context, given: Unpacked, error: PartlyCreatedError) -> Refusal:
        secret = given.secret | known.secret
        detail = provider_pb2.ErrorResourceInitFailed(
            id=error.identity,
            properties=self._close(known, unfinished.mark(_told(known, target), error.left), given),
            inputs=pack(given.properties, secret),
            reasons=[str(error)],
        )
        return Refusal(str(error), detail)


def _is_off(value: Value) -> bool:
    return compare.is_empty(value) or value is False


def _told(known: _Type, target: Context) -> Properties:
    """Return the inputs that are outputs too."""
    row = known.row
    hidden = {name for name, prop in row.properties.items() if prop.version} | set(row.absent)
    return {name: value for name, value in target.inputs.items() if name in known.schema.outputs and name not in hidden}


def _answer(result: Properties) -> provider_pb2.InvokeResponse:
    answer = provider_pb2.InvokeResponse()
    # The field is called `return`, which Python does not let anybody write.
    getattr(answer, "return").CopyFrom(pack(result))
    return answer


def _defaults(inputs: Mapping[str, Value]) -> list[Value]:
    listed = inputs.get(DEFAULTS)
    return listed if isinstance(listed, list) else []


def _collides(row: Row, old: Properties, new: Properties) -> bool:
    """Return whether the replacement can't stand beside what it replaces."""
    if not row.unique or (row.autoname in row.unique and row.autoname in _defaults(new)):
        return False
    return all(old.get(name) == new.get(name) for name in row.unique)
