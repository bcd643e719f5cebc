"""Configuration: what must hold whatever home and tools there are."""

from __future__ import annotations

import ipaddress
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from idp.loopback.cluster import certificates, components, configuration, kubeconfig, network, objects
from idp.loopback.cluster.layout import Layout

SEGMENT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="/\0"), min_size=1, max_size=20)
PATHS = st.lists(SEGMENT.filter(lambda part: part not in (".", "..")), min_size=1, max_size=4).map(
    lambda parts: Path("/", *parts)
)


def fake_tool(folder: Path) -> Any:  # noqa: ANN401
    def tool(name: str) -> Path:
        path = folder / name
        path.touch()
        return path

    return tool


@given(runc=PATHS, cni=PATHS)
def test_containerd_configuration_is_toml_with_any_path(runc: Path, cni: Path) -> None:
    text = configuration.containerd(Layout(Path("/x")), {"runc": runc, "cni": cni})
    cri = tomllib.loads(text)["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["cni"]["bin_dir"] == str(cni)
    assert cri["containerd"]["runtimes"]["runc"]["options"]["BinaryName"] == str(runc)
    assert cri["restrict_oom_score_adj"] is True


@given(first=PATHS, second=PATHS)
def test_two_homes_never_share_a_name(first: Path, second: Path) -> None:
    one, other = Layout(first), Layout(second)
    assert (one.identifier == other.identifier) == (first == second)
    assert re.fullmatch(r"idp-[0-9a-f]{8}", one.identifier)
    assert configuration.kubelet(one)["cgroupRoot"] == f"/{one.identifier}"


def test_networks_do_not_overlap_and_hold_their_addresses() -> None:
    node = ipaddress.ip_interface(f"{network.NODE_IP}/{network.NODE_PREFIX}").network
    networks = [node, *(ipaddress.ip_network(text) for text in (network.SERVICE_CIDR, network.POD_CIDR))]
    assert not [
        pair for pair in ((a, b) for a in networks for b in networks if a is not b) if pair[0].overlaps(pair[1])
    ]
    services = ipaddress.ip_network(network.SERVICE_CIDR)
    assert ipaddress.ip_address(network.API_SERVICE_IP) == services[1]
    assert ipaddress.ip_address(network.DNS_IP) in services
    assert ipaddress.ip_network(network.NODE_POD_CIDR).subnet_of(ipaddress.ip_network(network.POD_CIDR))  # type: ignore[arg-type]
    assert configuration.kubelet(Layout(Path("/x")))["clusterDNS"] == [network.DNS_IP]


def test_audit_never_asks_for_a_body() -> None:
    levels = {rule["level"] for rule in configuration.audit_policy()["rules"]}
    assert levels == {"None", "Metadata"}


def test_secrets_cannot_be_stored_in_plain_text() -> None:
    content = configuration.encryption(bytes(32))
    assert [list(provider) for provider in content["resources"][0]["providers"]] == [["secretbox"]]


def test_kubelet_lets_nobody_in_unasked() -> None:
    content = configuration.kubelet(Layout(Path("/x")))
    assert content["authentication"]["anonymous"]["enabled"] is False
    assert content["authorization"]["mode"] == "Webhook"
    assert content["readOnlyPort"] == 0


@pytest.fixture
def written(tmp_path: Path) -> Layout:
    layout = Layout.of(tmp_path / "home")
    layout.home.mkdir()
    certificates.ensure(layout)
    configuration.write(layout, {"runc": Path("/tools/runc"), "cni": Path("/tools/cni")})
    return layout


def test_second_write_changes_nothing_not_even_the_key(written: Layout) -> None:
    before = {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in written.config.rglob("*.*") if path.is_file()
    }
    configuration.write(written, {"runc": Path("/tools/runc"), "cni": Path("/tools/cni")})
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before} == before


def test_every_file_a_daemon_names_is_there_and_makes_it_restart(written: Layout, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    described = components.describe(written, fake_tool(tools))
    assert set(described) == set(components.NAMES)
    assert set(components.NAMES) | {components.FORWARD} == {n for group in components.STOP_ORDER for n in group} | {
        "kubelet"
    }
    for daemon in described.values():
        named = {
            match for argument in daemon.arguments for match in re.findall(r"/run/idp/((?:pki|config)/\S+)", argument)
        }
        watched = {str(path.relative_to(written.home)) for path in daemon.files}
        assert named <= watched, daemon.name
        for path in daemon.files:
            before = daemon.fingerprint()
            content = path.read_bytes()
            path.write_bytes(content + b"\n")
            assert daemon.fingerprint() != before, path
            path.write_bytes(content)
            assert daemon.fingerprint() == before


def test_no_credential_is_an_argument(written: Layout, tmp_path: Path) -> None:
    described = components.describe(written, fake_tool(tmp_path))
    key = json.loads((written.config / "encryption.yaml").read_text())["resources"][0]["providers"][0]["secretbox"]
    words = " ".join(
        word for daemon in described.values() for word in (*daemon.arguments, *daemon.environment.values())
    )
    assert key["keys"][0]["secret"] not in words
    assert "PRIVATE" not in words


def test_admin_kubeconfig_is_complete_and_names_the_forwarded_port(written: Layout) -> None:
    text = kubeconfig.for_admin(written, 12345)
    content = yaml.safe_load(text)
    assert content["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:12345"
    assert set(content["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}
    written.kubeconfig.write_text(text)
    assert kubeconfig.server_of(written.kubeconfig) == "https://127.0.0.1:12345"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"clusters": []}', '{"clusters": [1]}', "null"])
def test_damaged_kubeconfig_has_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "kubeconfig").write_text(text)
    assert kubeconfig.server_of(tmp_path / "kubeconfig") is None


def test_dns_rolls_when_its_image_or_corefile_changes() -> None:
    def template(digest: str) -> dict[str, Any]:
        deployment = next(item for item in objects.dns("image", digest) if item["kind"] == "Deployment")
        content: dict[str, Any] = deployment["spec"]["template"]
        return content

    assert template("a") == template("a")
    assert template("a") != template("b")
    container = template("a")["spec"]["containers"][0]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
