"""What a role grants, against the API server's own way to decide it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.condition import Scope
from policies.plain import UNKNOWN, Plain
from policies.rbac import grants

GROUPS, RESOURCES = ["", "apps", "*"], ["pods", "pods/exec", "pods/log", "*", "*/exec", "secrets"]
VERBS = ["get", "create", "*", "delete"]

rules = st.fixed_dictionaries(
    {},
    optional={
        "apiGroups": st.lists(st.sampled_from(GROUPS), max_size=2),
        "resources": st.lists(st.sampled_from(RESOURCES), max_size=3),
        "verbs": st.lists(st.sampled_from(VERBS), max_size=2),
    },
)
asked = st.tuples(st.sampled_from(GROUPS[:2]), st.sampled_from(["pods", "pods/exec", "pods/log"]))


def _allows(rule: dict[str, list[str]], verb: str, group: str, resource: str) -> bool:
    """VerbMatches, APIGroupMatches and ResourceMatches in pkg/apis/rbac/v1/evaluation_helpers.go, in other words."""
    _, slash, subresource = resource.partition("/")
    named = [resource, "*", *([f"*/{subresource}"] if slash else [])]
    return (
        any(one in (verb, "*") for one in rule.get("verbs", []))
        and any(one in (group, "*") for one in rule.get("apiGroups", []))
        and any(one in named for one in rule.get("resources", []))
    )


@settings(max_examples=300)
@given(rules, asked, st.lists(st.sampled_from(["get", "create"]), min_size=1, max_size=2, unique=True))
def test_grants_is_what_the_api_server_allows(
    rule: dict[str, list[str]], what: tuple[str, str], verbs: list[str]
) -> None:
    group, resource = what
    item: dict[str, Plain] = {key: list(values) for key, values in rule.items()}
    expected = any(_allows(rule, verb, group, resource) for verb in verbs)
    assert grants(group, (resource,), tuple(verbs)).truth(Scope({"item": item})) is expected


@settings(max_examples=300)
@given(rules, asked, st.sampled_from(["apiGroups", "resources", "verbs"]))
def test_what_is_not_known_is_never_less_than_granted(
    rule: dict[str, list[str]], what: tuple[str, str], hidden: str
) -> None:
    group, resource = what
    condition = grants(group, (resource,), ("get",))
    item: dict[str, Plain] = {key: list(values) for key, values in rule.items()}
    if condition.truth(Scope({"item": item})):
        assert condition.truth(Scope({"item": {**item, hidden: UNKNOWN}})) is None
