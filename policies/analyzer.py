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
from policies.enforcement import Enforce, Enforcement, Level, Stack, Verdict, everything
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
        self._opened = False
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
        self._opened = False

    def analyze(self, request: analyzer_pb2.AnalyzeRequest) -> analyzer_pb2.AnalyzeResponse:
        """Judge the inputs of a resource, before it is made."""
        opening = self._opening(request.urn)
        if not self._catalogue.for_type(request.type):
            return analyzer_pb2.AnalyzeResponse(diagnostics=opening)
        try:
            resource = wire.resource(request, self._enforcement.settings)
        except wire.UnreadableError as error:
            return analyzer_pb2.AnalyzeResponse(diagnostics=[*opening, _unreadable(request, error)])
        outcomes = self.judged(resource)
        if not self._preview:
            self._remember(resource, outcomes)
        moment = Moment.PREVIEW if self._preview else Moment.UPDATE
        return analyzer_pb2.AnalyzeResponse(diagnostics=[*opening, *self._told(outcomes, moment)])

    def analyze_stack(self, request: analyzer_pb2.AnalyzeStackRequest) -> analyzer_pb2.AnalyzeResponse:
        """Judge the outputs of all resources: for the stack rules, and for what was left open in an update."""
        resources, outcomes, told = [], [], self._opening("")
        for sent in request.resources:
            wanted, left = self._catalogue.wanted_by_stack_rules(sent.type), self._open.get(sent.urn)
            if not (wanted or left):
                continue
            try:
                resource = wire.resource(sent, self._enforcement.settings)
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

    def _opening(self, urn: str) -> list[analyzer_pb2.AnalyzeDiagnostic]:
        """Return what is said of the stack before anything else, the first time."""
        if self._opened:
            return []
        self._opened = True
        return [_diagnostic(CLOSING, one.text, one.level, urn) for one in self._enforcement.opening()]

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
        unknown: dict[tuple[str, str, Level], analyzer_pb2.AnalyzeDiagnostic] = {}
        for outcome in outcomes:
            verdict = self._verdict(outcome, moment)
            if verdict is None:
                continue
            rule, urn, level = outcome.rule, outcome.resource.urn if outcome.resource else "", verdict.level
            found = f"{text(outcome, moment)}{verdict.because}"
            if not isinstance(outcome.finding, NotYetKnown):
                told.append(_diagnostic(rule.id, f"{rule.title}\n{found}", level, urn, rule))
            elif (rule.id, urn, level) in unknown:
                # Several demands of a rule may wait for one value.
                if found not in unknown[rule.id, urn, level].message.splitlines():
                    unknown[rule.id, urn, level].message += f"\n{found}"
            else:
                unknown[rule.id, urn, level] = _diagnostic(rule.id, f"{rule.title}\n{found}", level, urn, rule)
        return [*told, *unknown.values()]

    def _verdict(self, outcome: Outcome, moment: Moment) -> Verdict | None:
        final = moment is Moment.END
        verdict = self._enforcement.decide(outcome, final)
        configured = self._configured.get(outcome.rule.id, Level.MANDATORY)
        if verdict is None or configured is None:
            return None
        unknown = isinstance(outcome.finding, NotYetKnown) and not (final and self._enforcement.strict)
        return verdict._replace(level=Level.ADVISORY) if unknown or configured is Level.ADVISORY else verdict


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
