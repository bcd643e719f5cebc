"""The real engine, the real SDK, and the plugin in between: up, again, drift, destroy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from idp.loopback.aws.client import Client, Credentials
from idp.loopback.aws.leftovers import leftovers
from idp.loopback.aws.server import AwsEmulator

from .faults import Faults
from .stack import ACCOUNT, PASSWORD, REGION, Stack, make

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsEmulator]:
    started = AwsEmulator(tmp_path_factory.mktemp("aws") / "home", ACCOUNT)
    started.start(print)
    yield started
    started.stop(print)
    assert not started.status().running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, emulator: AwsEmulator) -> Stack:
    return make(tmp_path_factory.mktemp("program"), str(emulator.status().endpoint))


def _aws(emulator: AwsEmulator) -> Client:
    endpoint = str(emulator.status().endpoint)
    return Client(REGION, Credentials("x", "x"), dict.fromkeys(("ec2", "logs"), endpoint))


def test_life_of_a_stack(stack: Stack, emulator: AwsEmulator) -> None:
    endpoint = str(emulator.status().endpoint)
    assert leftovers(endpoint, (REGION,)) == []
    preview = stack.run("preview")
    assert "+ 29 to create" in preview, preview
    assert leftovers(endpoint, (REGION,)) == []
    stack.up()
    told = stack.outputs()
    assert told["account"] == ACCOUNT
    assert told["adopted"] == {"endpoint": told["cluster"], "authority": told["authority"]}
    assert PASSWORD not in (stack.folder / "state").joinpath(".pulumi/stacks/loopback/e2e.json").read_text()
    second = stack.up("--expect-no-changes")
    assert "unchanged" in second

    outputs = stack.outputs()
    behind = _aws(emulator)
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    behind.send(
        "ec2",
        "authorize_security_group_ingress",
        {"GroupId": outputs["group"], "IpPermissions": [permission]},
        REGION,
    )
    attribute = {"VpcId": outputs["vpc"], "EnableDnsHostnames": {"Value": False}}
    behind.send("ec2", "modify_vpc_attribute", attribute, REGION)
    behind.send("logs", "delete_log_group", {"logGroupName": outputs["logs"]}, REGION)
    found = stack.run("preview", "--refresh", "--diff")
    assert "enableDnsHostnames" in found
    assert "1 to create" in found
    assert "1 to update" in found
    stack.up("--refresh")
    stack.up("--refresh", "--expect-no-changes")
    told = behind.send(
        "ec2", "describe_vpc_attribute", {"VpcId": outputs["vpc"], "Attribute": "enableDnsHostnames"}, REGION
    )
    assert told["EnableDnsHostnames"] == {"Value": True}

    stack.config("version", "1.34")
    assert "1 to update" in stack.run("preview")
    stack.up()
    stack.config("cidr", "10.0.0.0/17")
    replaced = stack.run("preview", "--diff")
    assert "cidrBlock" in replaced
    assert "replace" in replaced
    stack.run("config", "rm", "cidr")

    stack.run("destroy", "--yes", "--skip-preview")
    assert leftovers(endpoint, (REGION,)) == []
    assert leftovers(endpoint) == []


def test_another_address_replaces_nothing(stack: Stack, emulator: AwsEmulator) -> None:
    """The emulator's port is another one after a reboot, a proxy comes in between, credentials are renewed."""
    stack.up()
    before = {one["urn"]: one["id"] for one in stack.resources()}
    with Faults(str(emulator.status().endpoint)) as proxy:
        stack.config("endpoint", proxy.endpoint)
        stack.run("config", "set", "--secret", "secret", f"{PASSWORD}-renewed")
        preview = stack.run("preview", "--diff")
        assert "replace" not in preview, preview
        stack.up()
        assert proxy.changes == []
        assert {one["urn"]: one["id"] for one in stack.resources()} == before
        stack.up("--refresh", "--expect-no-changes")
    stack.config("endpoint", str(emulator.status().endpoint))
    # By itself a destroy asks the provider of the state, whose address nobody answers at any more.
    stack.run("destroy", "--run-program", "--yes", "--skip-preview")
    assert leftovers(str(emulator.status().endpoint), (REGION,)) == []


def test_foreign_account(stack: Stack, emulator: AwsEmulator) -> None:
    stack.config("account", "999988887777")
    said = stack.up(fails=True)
    stack.run("config", "rm", "account")
    assert f"the credentials are of account {ACCOUNT}, allowed: 999988887777" in said
    assert leftovers(str(emulator.status().endpoint), (REGION,)) == []


def test_a_cluster_to_adopt_that_is_not_there(stack: Stack) -> None:
    stack.config("adopted", "nowhere")
    said = stack.run("preview", fails=True)
    stack.run("config", "rm", "adopted")
    lines = [line for line in said.splitlines() if "nowhere" in line]
    assert len(lines) == 1, said
    assert "aws:eks/getCluster:getCluster: describe_cluster: ResourceNotFoundException" in lines[0]


def test_foreign_endpoint(stack: Stack, emulator: AwsEmulator) -> None:
    stack.config("endpoint", "https://ec2.eu-central-1.amazonaws.com")
    said = stack.run("preview", fails=True)
    stack.config("endpoint", str(emulator.status().endpoint))
    assert "endpoints[0].ec2" in said
    assert "127.0.0.0/8" in said


def test_restart_loses_the_state_and_says_so(stack: Stack, emulator: AwsEmulator) -> None:
    stack.up()
    before = emulator.status()
    emulator.stop(print)
    after = emulator.start(print)
    assert after.endpoint == before.endpoint
    assert after.instance != before.instance
    stack.up("--refresh")
    stack.up("--refresh", "--expect-no-changes")
    stack.run("destroy", "--yes", "--skip-preview")
    assert leftovers(str(after.endpoint), (REGION,)) == []
