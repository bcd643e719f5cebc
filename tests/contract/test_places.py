"""Names and addresses that two packages must give alike, though neither may import the other."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path

import environments
from components.vault import paths as mounts
from components.vault_server import names
from idp import cluster, paths, vault
from idp.engine import ids
from idp.loopback import images
from idp.loopback.cluster import network
from idp.loopback.vault import tables
from idp.session import uses_loopback
from stacks import loopback, platform, vault_args
from stacks.layers import VAULT_NAMESPACE

BOOTSTRAP = Path(__file__).resolve().parents[2] / "tools/vault-bootstrap/cmd/vault-bootstrap"


def constants() -> dict[str, str]:
    """Return the text constants of the program that initialises Vault."""
    found: dict[str, str] = {}
    for file in BOOTSTRAP.glob("*.go"):
        if not file.name.endswith("_test.go"):
            found |= dict(re.findall(r'^(?:const )?\s*(\w+)\s+= "([^"]*)"$', file.read_text(), re.MULTILINE))
    return found


def test_idp_asks_vault_by_the_names_that_its_objects_have() -> None:
    assert names.CA_BUNDLE == vault.BUNDLE
    assert vault.DEPLOY == names.DEPLOY == mounts.DEPLOY
    assert VAULT_NAMESPACE in platform.NAMESPACES


def test_idp_logs_in_where_the_initialisation_lets_it() -> None:
    said = constants()
    assert (said["deployRole"], said["ownAccounts"], said["audience"]) == (vault.DEPLOY, vault.MOUNT, vault.AUDIENCE)


def test_stacks_look_where_idp_puts_things() -> None:
    assert loopback.FOLDER == paths.WORK
    assert loopback.KUBECONFIG == paths.LOCAL / "kubeconfig"
    assert loopback.VAULT_PLUGINS.parent == paths.LOCAL
    assert loopback.vault_record("dev").is_relative_to(paths.WORK)


def test_stacks_know_the_network_of_the_loopback_cluster() -> None:
    assert (f"{network.NODE_IP}/32", network.API_PORT) == loopback.API_SERVER
    assert f"{loopback.VAULT_IP}:{names.PORT}" == cluster.VAULT.target
    address = ip_address(loopback.VAULT_IP)
    assert address in ip_network(network.SERVICE_CIDR)
    assert str(address) not in (network.API_SERVICE_IP, network.DNS_IP)


def test_stacks_register_the_plugins_that_the_image_has() -> None:
    assert set(vault_args.PLUGINS) == set(images.VAULT_PLUGINS)
    assert {f"/{path}" for path in images.VAULT.more} == {
        f"{loopback.VAULT_PLUGIN_FOLDER}/{name}" for name in vault_args.PLUGINS
    }


def test_both_take_the_same_environments_for_loopback() -> None:
    for name in environments.names():
        found = environments.load(name)
        elsewhere = found.model_copy(update={"cluster": found.cluster.model_copy(update={"kubeconfig": "/k"})})
        for environment in (found, elsewhere):
            assert loopback.used_by(environment) == uses_loopback(environment)
    assert loopback.used_by(environments.load("local"))


def test_the_file_of_local_names_the_images_that_are_built() -> None:
    settings = environments.load("local").platform.vault
    assert settings
    assert (settings.image, settings.bootstrap_image) == (images.VAULT.name, images.VAULT_BOOTSTRAP.name)


def test_what_a_crash_left_in_vault_is_looked_for_where_the_plugin_has_it() -> None:
    for kind, template in ids.VAULT.items():
        # A mount whose path the program leaves out has its type for one: the components always say it.
        assert tables.ROWS[kind].identity.replace("{at}", "{path}") == template, kind
    mounting = {kind for kind, row in tables.ROWS.items() if "path" in row.unique and row.is_template()}
    assert mounting
    assert mounting <= set(ids.VAULT)
