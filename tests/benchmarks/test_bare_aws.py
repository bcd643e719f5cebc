"""The bare program declares what the foundation's state holds, and its own state says the same."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from benchmarks.bare_aws import source, states
from idp.errors import IdpError
from tests.benchmarks.recorder import Recorder

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"emulator"'}
PROVIDER = {
    "urn": "u::account",
    "custom": True,
    "type": "pulumi:providers:aws",
    "id": "p1",
    "inputs": {
        "region": "eu-central-1",
        "allowedAccountIds": '["123456789012"]',
        "secretKey": SECRET,
        "s3UsePathStyle": "true",
        "version": "7.0.0",
    },
}
COMPONENT = {"urn": "u::part", "type": "idp:index:Network"}


def found(token: str, name: str, dependencies: tuple[str, ...] = (), **inputs: object) -> dict[str, Any]:
    return {
        "urn": f"u::{token}::{name}",
        "custom": True,
        "type": token,
        "id": f"{name}-id",
        "inputs": inputs,
        "outputs": {**inputs, "arn": "a"},
        "parent": "u::part",
        "provider": "u::account::p1",
        "dependencies": dependencies,
        "protect": True,
    }


VPC = found("aws:ec2/vpc:Vpc", "same", cidrBlock="10.0.0.0/16", tagsAll={"owner": "x"}, tags={"Name": "n"})
SUBNET = found("aws:ec2/subnet:Subnet", "same", (VPC["urn"], "u::elsewhere"), vpcId="vpc-1", cidrBlock="10.0.0.0/24")
STATE = [{"urn": "u::stack", "type": "pulumi:pulumi:Stack"}, PROVIDER, COMPONENT, VPC, SUBNET]


def declared(text: str) -> list[pulumi.runtime.MockResourceArgs]:
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="bare", stack="test")

    def program() -> None:
        exec(compile(text, "bare", "exec"), {})  # noqa: S102 - our own text

    # The decorator drains every registration before it returns.
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # the SDK has no types there
    return recorder.made


def test_program_and_state_hold_the_same_resources_with_the_same_inputs() -> None:
    made = {(args.typ, args.name): args for args in declared(source(STATE))}
    kept = {(one["type"], one["urn"].rpartition("::")[2]): one for one in states(STATE, "foundation")[1:]}
    assert made.keys() == kept.keys()
    assert made["aws:ec2/vpc:Vpc", "r0"].inputs == {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "n"}}
    assert made["aws:ec2/subnet:Subnet", "r1"].inputs == SUBNET["inputs"]
    assert kept["aws:ec2/subnet:Subnet", "r1"]["inputs"] == SUBNET["inputs"]


def test_the_provider_is_configured_as_ours_is() -> None:
    [account] = [args for args in declared(source(STATE)) if args.typ == PROVIDER["type"]]
    assert account.inputs["region"] == "eu-central-1"
    assert json.loads(account.inputs["allowedAccountIds"]) == ["123456789012"]
    assert json.loads(account.inputs["s3UsePathStyle"]) is True


def test_the_state_is_of_nobody_but_the_bare_program() -> None:
    stack, provider, *objects = states(STATE, "foundation")
    assert stack["urn"] == "urn:pulumi:foundation::bare-foundation::pulumi:pulumi:Stack::bare-foundation-foundation"
    for one in objects:
        assert one["urn"].startswith("urn:pulumi:foundation::bare-foundation::aws:")
        assert (one["parent"], one["provider"]) == (stack["urn"], f"{provider['urn']}::p1")
        assert not {"protect", "dependencies"} & one.keys()
    assert "u::" not in json.dumps([stack, provider, *objects])


def test_another_provider_s_resources_are_refused() -> None:
    with pytest.raises(IdpError, match="kubernetes:core/v1:Pod"):
        source([*STATE, found("kubernetes:core/v1:Pod", "x")])
