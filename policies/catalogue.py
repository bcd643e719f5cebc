"""All rules, found in `policies.rules` and indexed by resource type."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import policies.rules
from policies.kinds import Match
from policies.rule import Rule, StackRule


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The rules in the order of their ids; compared by identity, since samples are not hashable."""

    rules: tuple[Rule | StackRule, ...]

    @property
    def stack_rules(self) -> tuple[StackRule, ...]:
        """Return the rules that look at the whole stack."""
        return tuple(rule for rule in self.rules if isinstance(rule, StackRule))

    def for_type(self, token: str) -> tuple[tuple[Rule, Match], ...]:
        """Return the resource rules that look at a type: one dictionary access after the first time."""
        return _for_type(self, token)

    def wanted_by_stack_rules(self, token: str) -> bool:
        """Tell whether some stack rule looks at a type: one dictionary access after the first time."""
        return _wanted_by_stack_rules(self, token)


@cache
def _for_type(catalogue: Catalogue, token: str) -> tuple[tuple[Rule, Match], ...]:
    found = ((rule, rule.types.match(token)) for rule in catalogue.rules if isinstance(rule, Rule))
    return tuple((rule, match) for rule, match in found if match is not None)


@cache
def _wanted_by_stack_rules(catalogue: Catalogue, token: str) -> bool:
    return any(rule.types.match(token) for rule in catalogue.stack_rules)


def load(package: ModuleType = policies.rules) -> Catalogue:
    """Import every module of `package` and collect its `RULE`.

    Raises TypeError or ValueError when a file has no rule or the rule's id is not the file's name: a pack that
    lost a rule must not start.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return Catalogue(tuple(_rule(f"{package.__name__}.{name}", name) for name in names))


def _rule(module: str, name: str) -> Rule | StackRule:
    rule = getattr(importlib.import_module(module), "RULE", None)
    if not isinstance(rule, Rule | StackRule):
        raise TypeError(f"{module}: RULE is missing; allowed: a Rule or StackRule")
    if rule.id != name:
        raise ValueError(f"{module}: id {rule.id!r} is not allowed: the name of the file, {name!r}")
    return rule
