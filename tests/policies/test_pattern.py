"""Which resources a pattern names, and that none names all."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.pattern import pattern
from policies.plain import UNKNOWN, Plain
from policies.rule import Resource

TYPE = "kubernetes:apps/v1:Deployment"
HERE = "urn:pulumi:dev.workspaces::idp::"
names = st.text(st.sampled_from("ab-:*[]. $"), min_size=1, max_size=8).filter(lambda name: name == name.strip())
chains = st.lists(st.sampled_from(["idp:index:Workspace", "idp:index:HttpService"]), max_size=3)


def matches(text: str, urn: str, resource: Resource | None = None) -> bool:
    found = pattern(text)
    assert found is not None, text
    return found.matches(urn, resource)


def globbed(glob: str, text: str) -> bool:
    """Do the same in the plainest way there is: an expression that tries everything."""
    return re.fullmatch(".*".join(map(re.escape, glob.split("*"))), text, re.DOTALL) is not None


@given(names, names)
def test_a_star_in_the_name_stands_for_any_characters(glob: str, name: str) -> None:
    assert matches(f"{HERE}{TYPE}::{glob}", f"{HERE}{TYPE}::{name}") == globbed(glob, name)


@given(names.filter(lambda name: "*" not in name), chains)
def test_a_urn_names_itself_alone(name: str, parents: list[str]) -> None:
    urn = HERE + "$".join([*parents, TYPE]) + "::" + name
    assert matches(urn, urn)
    for other in (f"{urn}x", urn.replace(HERE, HERE.replace("dev", "prod")), urn.replace(TYPE, f"idp:index:X${TYPE}")):
        assert not matches(urn, other)


@given(names, chains, chains)
def test_a_star_before_the_type_stands_for_any_parents(name: str, above: list[str], named: list[str]) -> None:
    glob = f"{HERE}*{'$'.join([*named, TYPE])}::*"
    assert matches(glob, f"{HERE}{'$'.join([*above, *named, TYPE])}::{name}")
    assert not matches(glob, f"{HERE}{'$'.join([*above, *named, 'kubernetes:core/v1:Pod'])}::{name}")
    assert not matches(glob, f"{HERE}{'$'.join([*named, TYPE, 'kubernetes:core/v1:Pod'])}::{TYPE}")


@pytest.mark.parametrize("chain", [f"x{TYPE}", f"other{TYPE}", f"idp:index:X{TYPE}", f"idp:index:X$x{TYPE}"])
def test_a_type_that_ends_the_same_is_another(chain: str) -> None:
    assert not matches(f"{HERE}*{TYPE}::*", f"{HERE}{chain}::web")


def _object(space: Plain, kind: str = "Deployment", typed: str = TYPE, **metadata: Plain) -> Resource:
    return Resource(typed, "web", {"metadata": {"namespace": space, **metadata}}, f"{HERE}{typed}::web", kind=kind)


def _within(text: str, resource: Resource) -> bool:
    return matches(text, resource.urn, resource)


@given(st.text(st.sampled_from("ab-*"), max_size=6), st.text(st.sampled_from("ab-"), min_size=1, max_size=6))
def test_a_star_in_a_namespace_stands_for_any_characters(glob: str, space: str) -> None:
    assert _within(f"namespace:workspaces/{glob}a", _object(space)) == globbed(f"{glob}a", space)


@pytest.mark.parametrize("space", [None, UNKNOWN, "", 1, ["shop"], "shops"])
def test_who_does_not_say_where_it_is_is_nowhere(space: Plain) -> None:
    assert not _within("namespace:workspaces/shop", _object(space))


@pytest.mark.parametrize("kind", ["Namespace", "kubernetes:core/v1:Namespace"])
def test_a_namespace_is_in_itself(kind: str) -> None:
    itself = _object(None, kind, "kubernetes:core/v1:Namespace", name="shop")
    assert _within("namespace:workspaces/shop", itself)
    assert not _within("namespace:workspaces/web", itself)
    assert not _within("namespace:workspaces/web", _object("shop", name="web"))


def test_a_namespace_is_of_its_layer() -> None:
    assert not _within("namespace:platform/shop", _object("shop"))
    assert not matches("namespace:workspaces/shop", f"{HERE}pulumi:pulumi:Stack::idp-dev.workspaces", None)


@pytest.mark.parametrize("text", [None, 1, "", "*", f"{HERE}*::*", "namespace:*", "namespace:workspaces/*", ["a"]])
def test_what_is_no_pattern_is_none(text: object) -> None:
    assert pattern(text) is None


@pytest.mark.timeout(60)
def test_many_stars_are_no_work() -> None:
    stars = pattern(f"{HERE}{TYPE}::{'*a' * 250}b")
    assert stars is not None
    assert not stars.matches(f"{HERE}{TYPE}::{'a' * 5000}", None)
