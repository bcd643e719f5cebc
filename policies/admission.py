"""The catalogue as the API server enforces it: ValidatingAdmissionPolicies in CEL, made from the rules' own demands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from policies.catalogue import Catalogue
from policies.demand import POD, REGISTRIES, TEMPLATE, Demands
from policies.kinds import NAMESPACED, Kubernetes
from policies.pods import LONG_RUNNING, WORKLOADS, pod_spec_path
from policies.rule import Rule, StackRule
from policies.settings import NOTHING, Settings

SYSTEM_NAMESPACES = ("kube-node-lease", "kube-public", "kube-system")
"""What the cluster itself lives in: made by the API server, and home of what has to be on the node."""

_PLURALS = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses", "GatewayClass": "gatewayclasses"}
"""Kinds whose resource is not the kind in small letters with an `s`."""

_NAMES = {WORKLOADS: "workloads", LONG_RUNNING: "long-running", NAMESPACED: "namespaced"}
"""Names of sets of kinds that would be too long together."""


@dataclass(frozen=True)
class Validation:
    """One demand of a rule, as a ValidatingAdmissionPolicy has it."""

    control: str
    expression: str
    message: str


@dataclass(frozen=True)
class AdmissionPolicy:
    """One ValidatingAdmissionPolicy: everything that is demanded of the same kinds."""

    name: str
    resources: tuple[tuple[str, str], ...]
    """API group and resource: `("apps", "deployments")`."""
    variables: tuple[tuple[str, str], ...]
    """Names and expressions of what the validations share."""
    validations: tuple[Validation, ...]


def admission(catalogue: Catalogue, settings: Settings = NOTHING) -> tuple[AdmissionPolicy, ...]:
    """Return the policies for the rules that are made of demands, one for each set of kinds."""
    grouped: dict[Kubernetes, list[Validation]] = {}
    for rule in catalogue.rules:
        check = _demands(rule, settings)
        if check is not None and isinstance(rule.types, Kubernetes):
            grouped.setdefault(rule.types, []).extend(_validations(rule, check))
    return tuple(
        AdmissionPolicy(_name(types), tuple(_resources(types)), tuple(_variables(types, settings)), tuple(made))
        for types, made in grouped.items()
    )


def left_out(catalogue: Catalogue, settings: Settings = NOTHING) -> tuple[Rule | StackRule, ...]:
    """Return the rules about Kubernetes objects that the API server does not enforce."""
    return tuple(
        rule for rule in catalogue.rules if isinstance(rule.types, Kubernetes) and _demands(rule, settings) is None
    )


def _demands(rule: Rule | StackRule, settings: Settings) -> Demands | None:
    """Return what the API server can hold a rule to: nothing where it is code, or lacks what it needs to know."""
    if not isinstance(rule, Rule) or rule.is_silent(settings):
        return None
    return rule.check if isinstance(rule.check, Demands) else None


def _variables(types: Kubernetes, settings: Settings) -> Iterator[tuple[str, str]]:
    if not set(types.kinds) <= set(WORKLOADS.kinds):
        return
    yield from _VARIABLES
    if settings.registries is not None:
        # A JSON list of texts is a CEL list of texts.
        yield REGISTRIES.removeprefix("variables."), json.dumps(settings.registries)


def _validations(rule: Rule | StackRule, check: Demands) -> Iterator[Validation]:
    for demand in check.demands:
        path = ".".join(demand.at)
        yield Validation(
            rule.id, demand.of.cel(demand.must), f"{rule.id}: {path}{' ' if path else ''}{demand.says}. {rule.remedy}"
        )


def _name(types: Kubernetes) -> str:
    return _NAMES.get(types) or "-".join(kind.lower() for kind, _ in types.kinds)


def _resources(types: Kubernetes) -> Iterator[tuple[str, str]]:
    for kind, groups in types.kinds:
        plural = _PLURALS.get(kind, f"{kind.lower()}s")
        for group in sorted(groups - {"extensions"}):
            yield "" if group == "core" else group, plural
            if kind == "Pod":
                yield "", "pods/ephemeralcontainers"


def _template(kind: str) -> str:
    return (
        "object" + "".join(f".?{key}" for key in pod_spec_path(kind)[:-1]) + (".orValue({})" if kind != "Pod" else "")
    )


def _choose() -> str:
    """Return an expression for what carries the pod spec in the kind at hand."""
    usual = _template("Deployment")
    special = [kind for kind, _ in WORKLOADS.kinds if _template(kind) != usual]
    return " : ".join([*(f"object.kind == '{kind}' ? {_template(kind)}" for kind in special), usual])


_VARIABLES = (
    (TEMPLATE.removeprefix("variables."), _choose()),
    (POD.removeprefix("variables."), f"{TEMPLATE}.?spec.orValue({{}})"),
)
