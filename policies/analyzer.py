"""The engine's questions about resources and stacks, answered with the rules.

Knows the engine's messages and nothing of the server that carries them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pulumi.runtime.proto import analyzer_pb2

from policies import wire
from policies.catalogue import Catalogue
from policies.enforcement import Enforce, Enforcement, Level, Stack, everything
from policies.evaluate import Outcome, evaluate_resource, evaluate_stack
from policies.report import Moment, text
from policies.rule import NotYetKnown, Resource, Rule, RuleBase, Severity
from policies.settle import settled

PACK = "idp"
UNREADABLE = "readable_properties"
"""Stands where a rule's name would when no rule could be asked."""
CLOSING = "enforcement"
"""The same for remarks about the stack."""

_ALL = "all"
"""The name that stands for every policy in a configuration."""

_SEVERITIES = {
    Severity.LOW: analyzer_pb2.POLICY_SEVERITY_LOW,
    Severity.MEDIUM: analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    Severity.HIGH: analyzer_pb2.POLICY_SEVERITY_HIGH,
    Severity.CRITICAL: analyzer_pb2.POLICY_SEVERITY_CRITICAL,
}
_LEVELS = {Level.MANDATORY: analyzer_pb2.MANDATORY, Level.ADVISORY: analyzer_pb2.ADVISORY}
# Nothing is remedied: whoever asks for it gets the refusal that the SDK gives, too, when a remedy did not help.
_CONFIGURED = {
    analyzer_pb2.ADVISORY: Level.ADVISORY,
    analyzer_pb2.MANDATORY: Level.MANDATORY,
    analyzer_pb2.REMEDIATE: Level.MANDATORY,
    analyzer_pb2.DISABLED: None,
}


class _Open(NamedTuple):
    """A resource about which some rules could not tell yet."""

    resource: Resource
    rules: frozenset[str]


class Analyzer:
    """The rules in one run of the engine, a preview or an update."""

    def __init__(self, catalogue: Catalogue, enforce: Enforce = everything) -> None:
        self._catalogue = catalogue
        self._enforce = enforce
        self._enforcement = Enforcement()
        self._preview = True
        self._configured: Mapping[str, Level | None] = {}
        self._open: dict[str, _Open] = {}

    def info(self) -> analyzer_pb2.AnalyzerInfo:
        """Return the catalogue. The engine takes the pack's version from PulumiPolicy.yaml."""
        policies = [_policy(rule) for rule in self._catalogue.rules]
        return analyzer_pb2.AnalyzerInfo(name=PACK, supportsConfig=True, policies=policies)

    def configure(self, request: analyzer_pb2.ConfigureAnalyzerRequest) -> None:
        """Take levels from `--policy-pack-config`: they can only weaken what the environment demands.

        Raises ValueError on a rule that there is not.
        """
        # The engine has given each policy the level of `all`, and sends that, too.
        known = {_ALL, *(rule.id for rule in self._catalogue.rules)}
        if unknown := sorted(set(request.policyConfig) - known):
            raise ValueError(f"policy {unknown[0]!r} is not known; allowed: {', '.join(sorted(known))}")
        self._configured = {name: _CONFIGURED[one.enforcementLevel] for name, one in request.policyConfig.items()}

    def configure_stack(self, request: analyzer_pb2.AnalyzerStackConfigureRequest) -> None:
        """Take what is worked on, and with it how the rules are enforced there. Raises what `enforce` raises."""
        self._preview = request.dry_run
        self._enforcement = self._enforce(Stack(request.stack, request.project, request.dry_run))

    def analyze(self, request: analyzer_pb2.AnalyzeRequest) -> analyzer_pb2.AnalyzeResponse:
        """Judge the inputs of a resource, before it is made."""
        if not self._catalogue.for_type(request.type):
            return analyzer_pb2.AnalyzeResponse()
        try:
            resource = wire.resource(request)
        except wire.UnreadableError as error:
            return analyzer_pb2.AnalyzeResponse(diagnostics=[_unreadable(request, error)])
        outcomes = self.judged(resource)
        if not self._preview:
            self._remember(resource, outcomes)
        moment = Moment.PREVIEW if self._preview else Moment.UPDATE
        return analyzer_pb2.AnalyzeResponse(diagnostics=self._told(outcomes, moment))

    def analyze_stack(self, request: analyzer_pb2.AnalyzeStackRequest) -> analyzer_pb2.AnalyzeResponse:
        """Judge the outputs of all resources: for the stack rules, and for what was left open in an update."""
        resources, outcomes, told = [], [], []
        for sent in request.resources:
            wanted, left = self._catalogue.wanted_by_stack_rules(sent.type), self._open.get(sent.urn)
            if not (wanted or left):
                continue
            try:
                resource = wire.resource(sent)
            except wire.UnreadableError as error:
                told.append(_unreadable(sent, error))
                continue
            if wanted:
                resources.append(resource)
            if left:
                outcomes += self._again(left, resource)
        outcomes += self.judged_together(resources)
        told += self._told(outcomes, Moment.PREVIEW if self._preview else Moment.END)
        told += [_diagnostic(CLOSING, one.text, one.level) for one in self._enforcement.closing()]
        return analyzer_pb2.AnalyzeResponse(diagnostics=told)

    def judged(self, resource: Resource) -> list[Outcome]:
        """Return what the resource rules find."""
        return list(evaluate_resource(self._catalogue, resource))

    def judged_together(self, resources: Sequence[Resource]) -> list[Outcome]:
        """Return what the stack rules find."""
        return list(evaluate_stack(self._catalogue, resources))

    def _remember(self, resource: Resource, outcomes: Iterable[Outcome]) -> None:
        rules = frozenset(one.rule.id for one in outcomes if isinstance(one.finding, NotYetKnown))
        self._open.pop(resource.urn, None)
        if rules:
            self._open[resource.urn] = _Open(resource, rules)

    def _again(self, left: _Open, made: Resource) -> list[Outcome]:
        """Run the rules that could not tell on what is there now."""
        resource = replace(left.resource, props=settled(left.resource.props, made.props))
        return [one for one in self.judged(resource) if one.rule.id in left.rules]

    def _told(self, outcomes: Iterable[Outcome], moment: Moment) -> list[analyzer_pb2.AnalyzeDiagnostic]:
        told: list[analyzer_pb2.AnalyzeDiagnostic] = []
        unknown: dict[tuple[str, str], analyzer_pb2.AnalyzeDiagnostic] = {}
        for outcome in outcomes:
            level = self._level(outcome, moment)
            if level is None:
                continue
            rule, urn = outcome.rule, outcome.resource.urn if outcome.resource else ""
            if not isinstance(outcome.finding, NotYetKnown):
                told.append(_diagnostic(rule.id, f"{rule.title}\n{text(outcome)}", level, urn, rule))
            elif (rule.id, urn) in unknown:
                unknown[rule.id, urn].message += f"\n{text(outcome, moment)}"
            else:
                found = f"{rule.title}\n{text(outcome, moment)}"
                unknown[rule.id, urn] = _diagnostic(rule.id, found, level, urn, rule)
        return [*told, *unknown.values()]

    def _level(self, outcome: Outcome, moment: Moment) -> Level | None:
        level = self._enforcement.decide(outcome)
        configured = self._configured.get(outcome.rule.id, Level.MANDATORY)
        if level is None or configured is None:
            return None
        final = moment is Moment.END and self._enforcement.strict
        if Level.ADVISORY in (level, configured) or (isinstance(outcome.finding, NotYetKnown) and not final):
            return Level.ADVISORY
        return Level.MANDATORY


def _policy(rule: RuleBase) -> analyzer_pb2.PolicyInfo:
    kind = analyzer_pb2.POLICY_TYPE_RESOURCE if isinstance(rule, Rule) else analyzer_pb2.POLICY_TYPE_STACK
    return analyzer_pb2.PolicyInfo(
        name=rule.id,
        displayName=rule.title,
        description=rule.why,
        enforcementLevel=analyzer_pb2.MANDATORY,
        policy_type=kind,
        severity=_SEVERITIES[rule.severity],
        remediation_steps=rule.remedy,
        tags=list(rule.standards),
    )


def _unreadable(sent: wire.Sent, error: wire.UnreadableError) -> analyzer_pb2.AnalyzeDiagnostic:
    message = f"Properties can be read\nno rule could be evaluated on {sent.name}: {error}"
    return _diagnostic(UNREADABLE, message, Level.MANDATORY, sent.urn)


def _diagnostic(
    name: str, message: str, level: Level, urn: str = "", rule: RuleBase | None = None
) -> analyzer_pb2.AnalyzeDiagnostic:
    return analyzer_pb2.AnalyzeDiagnostic(
        policyName=name,
        policyPackName=PACK,
        description=rule.title if rule else "",
        message=message,
        enforcementLevel=_LEVELS[level],
        urn=urn,
        severity=_SEVERITIES[rule.severity] if rule else analyzer_pb2.POLICY_SEVERITY_UNSPECIFIED,
    )
