"""The real table against the real pins: no tool is built here."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.metadata import version

import pytest

from idp.loopback import images
from idp.paths import ROOT, TOOLS
from idp.toolchain import CLUSTER, DATABASE, ENGINE, VAULT
from idp.toolchain.gomodule import fingerprint, go_floor, link_flags, pinned
from idp.toolchain.spec import GoBuild, Spec
from idp.toolchain.table import KUBERNETES, TABLE, VAULT_RELEASE
from idp.toolchain.versions import fits, parse

BUILT = [(spec, spec.recipe) for spec in TABLE if isinstance(spec.recipe, GoBuild)]


def test_every_tool_has_one_place_in_the_table() -> None:
    names = [name for spec in TABLE for name in spec.names]
    assert len(names) == len(set(names))
    assert list(ENGINE + CLUSTER + VAULT + DATABASE) == names


@pytest.mark.parametrize("spec", TABLE, ids=lambda spec: spec.name)
def test_rules_patterns_and_times_can_be_used(spec: Spec) -> None:
    fits("1.0", spec.rule)
    assert re.compile(spec.pattern).groups == 1
    assert 0 < spec.minutes <= 10


@pytest.mark.parametrize(("spec", "recipe"), BUILT, ids=[spec.name for spec, _ in BUILT])
def test_the_pinned_version_fits_its_own_rule(spec: Spec, recipe: GoBuild) -> None:
    folder = TOOLS / recipe.folder
    assert (folder / "go.sum").exists() or recipe.folder == "local"
    assert parse(go_floor(folder)) >= (1, 20)
    if recipe.pin and spec.name != "pulumi-resource-kubernetes":
        assert fits(pinned(folder, recipe.pin), spec.rule)
    assert re.fullmatch("[0-9a-f]{16}", fingerprint(folder, recipe))


@pytest.mark.parametrize(("spec", "recipe"), BUILT, ids=[spec.name for spec, _ in BUILT])
def test_own_packages_are_there(spec: Spec, recipe: GoBuild) -> None:
    for package in recipe.packages:
        if package.startswith("./"):
            assert list((TOOLS / recipe.folder / package).glob("*.go")), f"{spec.name}: {package}"


@pytest.mark.parametrize(("spec", "recipe"), BUILT, ids=[spec.name for spec, _ in BUILT])
def test_what_is_built_is_declared_as_a_tool_of_its_module(spec: Spec, recipe: GoBuild) -> None:
    declared = re.search(r"^tool (?:\((.*?)^\)|(\S+))", (TOOLS / recipe.folder / "go.mod").read_text(), re.M | re.S)
    tools = " ".join(filter(None, declared.groups())).split() if declared else []
    foreign = [package for package in recipe.packages if not package.startswith("./")]
    assert [package for package in foreign if package not in tools] == [], spec.name


@pytest.mark.parametrize(("spec", "recipe"), BUILT, ids=[spec.name for spec, _ in BUILT])
def test_build_gives_the_files_that_the_table_names(spec: Spec, recipe: GoBuild) -> None:
    assert not recipe.output or len(recipe.packages) == 1
    made = [recipe.output or package.rsplit("/", 1)[-1] for package in recipe.packages]
    assert sorted([*made, *(copy.target for copy in recipe.copies)]) == sorted(spec.files)


def test_each_word_of_a_build_is_in_its_hash() -> None:
    folder = TOOLS / "local"
    plain = GoBuild("local", ("./cmd/pause",))
    changed = [
        plain,
        replace(plain, packages=("./cmd/probe",)),
        replace(plain, tags=("minimal",)),
        replace(plain, tags=("minimal", "ui")),
        replace(plain, output="minimal"),
        replace(plain, output="other"),
    ]
    assert len({fingerprint(folder, recipe) for recipe in changed}) == len(changed)


def test_vault_its_plugins_and_its_image_agree() -> None:
    folder = TOOLS / "vault"
    assert pinned(folder, "github.com/hashicorp/vault") == f"v{VAULT_RELEASE}"
    assert images.VAULT.name == f"idp.local/vault:{VAULT_RELEASE}"
    own = images.VAULT_BOOTSTRAP.program
    assert {images.VAULT.program, *images.VAULT.more.values(), own} == set(VAULT)
    assert set(images.VAULT.more) == {f"plugins/{name}" for name in images.VAULT_PLUGINS}


def test_engine_and_python_sdk_agree() -> None:
    engine = pinned(TOOLS / "pulumi", "github.com/pulumi/pulumi/pkg/v3")
    sdk = version("pulumi")
    assert parse(engine)[:2] == parse(sdk)[:2]
    pulumi = next(spec for spec in TABLE if spec.name == "pulumi")
    major, minor = parse(sdk)[:2]
    assert not fits(f"{major}.{minor - 1}.9", pulumi.rule)
    assert fits(sdk, pulumi.rule)


def test_language_host_and_engine_come_from_one_sdk() -> None:
    folder = TOOLS / "pulumi"
    assert pinned(folder, "github.com/pulumi/pulumi/sdk/v3") == pinned(folder, "github.com/pulumi/pulumi/pkg/v3")


def test_kubernetes_provider_and_python_sdk_agree() -> None:
    assert version("pulumi-kubernetes") == KUBERNETES
    main = TOOLS / "pulumi-kubernetes" / "cmd" / "pulumi-resource-kubernetes" / "main.go"
    assert f'const version = "{KUBERNETES}"' in main.read_text()


def test_kubernetes_binaries_are_stamped_with_the_pin() -> None:
    recipe = next(recipe for spec, recipe in BUILT if spec.name == "kubelet")
    pin = pinned(TOOLS / "kubernetes", "k8s.io/kubernetes")
    major, minor, _ = parse(pin)
    stamp = "-X k8s.io/component-base/version.git"
    wanted = f"-s -w {stamp}Version={pin} {stamp}Major={major} {stamp}Minor={minor}"
    assert link_flags(TOOLS / "kubernetes", recipe) == wanted


def test_every_tool_has_its_licence_in_the_documentation() -> None:
    text = (ROOT / "docs" / "toolchain.md").read_text()
    licences = text.partition("## Licences")[2]
    undocumented = [name for spec in TABLE for name in spec.names if f"`{name}`" not in licences]
    assert undocumented == []
