"""What holds for every environment file in the folder; a new one is found by itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import yaml
from jsonschema import Draft202012Validator

from environments import load, names, overlaps, schema
from environments.model import FOLDER
from environments.reference import SCHEMA_FILE, schema_text
from environments.rules import LOOPBACK_VERSION

FIRST_LINE = "# yaml-language-server: $schema=schema.json"
OTHER_PACKAGES = ("components", "idp", "policies", "pulumi", "stacks")

every_environment = pytest.mark.parametrize("name", names())


def test_the_environments_of_the_design_are_there() -> None:
    assert {"local", "dev", "staging", "prod"} <= set(names())


@every_environment
def test_it_loads_under_its_own_name(name: str) -> None:
    assert load(name).name == name


@every_environment
def test_its_first_line_names_the_schema(name: str) -> None:
    assert (FOLDER / f"{name}.yaml").read_text("utf-8").splitlines()[0] == FIRST_LINE


@every_environment
def test_editors_find_nothing_wrong_with_it(name: str) -> None:
    document = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    assert list(Draft202012Validator(json.loads(SCHEMA_FILE.read_text("utf-8"))).iter_errors(document)) == []


def test_no_two_share_a_state() -> None:
    backends = [load(name).state.backend for name in names()]
    assert len(set(backends)) == len(backends)


def test_no_two_share_a_domain() -> None:
    domains = [load(name).platform.dns_domain for name in names()]
    assert len(set(domains)) == len(domains)


def test_no_two_have_networks_that_overlap_or_share_an_account() -> None:
    assert overlaps(map(load, names())) == []


def test_the_cloud_environments_have_a_foundation() -> None:
    assert all(load(name).foundation is not None for name in ("dev", "staging", "prod"))


def test_every_yaml_file_is_an_environment_or_a_stacks_settings() -> None:
    files = {file.name for file in FOLDER.iterdir() if file.suffix in (".yaml", ".yml")}
    environments = {f"{name}.yaml" for name in names()}
    settings = {file for file in files if re.fullmatch(r"Pulumi\.[a-z0-9-]+\.[a-z]+\.yaml", file)}
    assert files == environments | settings


def test_the_committed_schema_is_current() -> None:
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == schema()
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), "run: python -m environments.reference"


def test_the_loopback_version_is_the_one_that_is_built() -> None:
    pins = (FOLDER.parent / "tools" / "kubernetes" / "go.mod").read_text("utf-8")
    [minor] = set(re.findall(r"\bk8s\.io/kubernetes v(1\.[0-9]+)\.[0-9]+", pins))
    assert minor == LOOPBACK_VERSION


def test_the_package_imports_none_of_the_others() -> None:
    code = "import sys, environments; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(OTHER_PACKAGES) & set(ran.stdout.split())
