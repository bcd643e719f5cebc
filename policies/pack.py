"""The pack as Pulumi sees it: one policy for resources and one for stacks, whatever the number of rules.

The SDK turns the properties of a resource into Python anew for every policy of a pack, so one policy dispatches to the
rules of the resource's type (docs/decisions/0002-one-analyzer-policy.md).
"""

from __future__ import annotations

from collections.abc import Iterable

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from policies import adapter
from policies.catalogue import Catalogue, load
from policies.enforcer import Decision, Standing
from policies.evaluate import evaluate_resource, evaluate_stack
from policies.report import decided
from policies.run import Run, is_preview


class _AdvisoryError(UnknownValueError):
    """The SDK's own way to say something advisory: it prints `message` and does not refuse the resource."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [])
        self.message = "\n".join(["some things are only reported:", *lines])


def serve() -> None:
    """Serve the rules over gRPC until the process ends; the port is the first line of the output."""
    catalogue = load()
    run = Run({rule.id for rule in catalogue.rules}, preview=is_preview())
    PolicyPack(
        name="idp",
        policies=[_resource_policy(catalogue, run), _stack_policy(catalogue, run)],
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def _resource_policy(catalogue: Catalogue, run: Run) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for line in run.opening(args.urn):
            report(line, args.urn)
        if catalogue.for_type(args.resource_type):
            outcomes = evaluate_resource(catalogue, adapter.resource(args))
            _tell(run.decide(args.urn, outcomes), (), report)

    return ResourceValidationPolicy(
        name="resources", description="The platform's rules for a resource.", validate=validate
    )


def _stack_policy(catalogue: Catalogue, run: Run) -> StackValidationPolicy:
    def wanted(token: str) -> bool:
        return any(rule.types.match(token) for rule in catalogue.stack_rules)

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [adapter.resource(found) for found in args.resources if wanted(found.resource_type)]
        urn = args.resources[0].urn if args.resources else ""
        for line in run.opening(urn):
            report(line, None)
        decisions = list(run.decide(urn, evaluate_stack(catalogue, resources)))
        _tell(decisions, run.closing(), report)

    return StackValidationPolicy(name="stack", description="The platform's rules for a stack.", validate=validate)


def _tell(decisions: Iterable[Decision], more: Iterable[str], report: ReportViolation) -> None:
    advisory: list[str] = []
    for decision in decisions:
        resource = decision.outcome.resource
        if decision.standing is Standing.REFUSED:
            report(decided(decision), resource.urn if resource else None)
        else:
            advisory.append(decided(decision))
    if advisory := [*advisory, *more]:
        raise _AdvisoryError(advisory)
