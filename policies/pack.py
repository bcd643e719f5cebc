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
from policies.evaluate import Outcome, evaluate_resource, evaluate_stack
from policies.report import refuses, text


class _NotYetKnownError(UnknownValueError):
    """The SDK's own way to say something advisory: it prints `message` and does not refuse the resource."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [])
        self.message = "\n".join(["some values are unknown:", *lines])


def serve() -> None:
    """Serve the rules over gRPC until the process ends; the port is the first line of the output."""
    catalogue = load()
    PolicyPack(
        name="idp",
        policies=[_resource_policy(catalogue), _stack_policy(catalogue)],
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def _resource_policy(catalogue: Catalogue) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if catalogue.for_type(args.resource_type):
            _tell(evaluate_resource(catalogue, adapter.resource(args)), report)

    return ResourceValidationPolicy(
        name="resources", description="The platform's rules for a resource.", validate=validate
    )


def _stack_policy(catalogue: Catalogue) -> StackValidationPolicy:
    def wanted(token: str) -> bool:
        return any(rule.types.match(token) for rule in catalogue.stack_rules)

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [adapter.resource(found) for found in args.resources if wanted(found.resource_type)]
        _tell(evaluate_stack(catalogue, resources), report)

    return StackValidationPolicy(name="stack", description="The platform's rules for a stack.", validate=validate)


def _tell(outcomes: Iterable[Outcome], report: ReportViolation) -> None:
    unknown: list[str] = []
    for outcome in outcomes:
        if refuses(outcome):
            report(text(outcome), outcome.resource.urn if outcome.resource else None)
        else:
            unknown.append(text(outcome))
    if unknown:
        raise _NotYetKnownError(unknown)
