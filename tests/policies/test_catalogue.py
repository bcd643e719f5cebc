"""A pack that lost a rule must not start."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from policies.catalogue import Catalogue, load
from policies.rule import Rule

RULE = "from policies.rules.image_pinned import RULE\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "some_rules").mkdir()
    (tmp_path / "some_rules" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("some_rules")
    for name in [name for name in sys.modules if name.split(".")[0] == "some_rules"]:
        del sys.modules[name]


def _add(package: ModuleType, name: str, text: str) -> None:
    (Path(package.__path__[0]) / f"{name}.py").write_text(text)
    importlib.invalidate_caches()


def test_a_file_is_enough(package: ModuleType) -> None:
    _add(package, "image_pinned", RULE)
    assert [rule.id for rule in load(package).rules] == ["image_pinned"]


def test_a_file_without_a_rule(package: ModuleType) -> None:
    _add(package, "forgotten", "")
    with pytest.raises(TypeError, match=r"^some_rules\.forgotten: RULE is missing; allowed: a Rule or StackRule$"):
        load(package)


def test_an_id_of_another_file(package: ModuleType) -> None:
    _add(package, "other", RULE)
    with pytest.raises(ValueError, match=r"^some_rules\.other: id 'image_pinned' is not allowed: .* 'other'$"):
        load(package)


def test_a_file_that_does_not_import(package: ModuleType) -> None:
    _add(package, "broken", "import nothing_of_this_name\n")
    with pytest.raises(ModuleNotFoundError):
        load(package)


def test_index_holds_the_rules_of_the_type_only(catalogue: Catalogue) -> None:
    few = {"default_provider", "image_pinned", "namespace_default_deny", "namespace_pod_security"}
    some = Catalogue(tuple(rule for rule in catalogue.rules if rule.id in few))

    def ids(token: str) -> set[str]:
        return {rule.id for rule, _ in some.for_type(token)}

    assert ids("kubernetes:core/v1:ConfigMap") == {"default_provider"}
    assert ids("kubernetes:core/v1:Namespace") == {"default_provider", "namespace_pod_security"}
    assert ids("kubernetes:apps/v1:Deployment") == {"default_provider", "image_pinned"}
    assert catalogue.for_type("a:b:C") is catalogue.for_type("a:b:C")
    assert all(isinstance(rule, Rule) for rule, _ in catalogue.for_type("kubernetes:core/v1:Namespace"))
