"""Runs the one program of the project, as the engine does, on Pulumi's mocks."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn

import pulumi
import pytest
from pulumi.runtime.settings import get_root_resource, set_root_resource
from pulumi.runtime.stack import Stack

import environments
from stacks import aws, loopback
from stacks.outputs import FoundationOutputs, SecretsOutputs
from stacks.vault_args import PLUGINS

ENDPOINT = "http://127.0.0.1:1"
"""Where the emulator says that it answers."""

VAULT = "https://127.0.0.1:1"
"""Where `idp` says that Vault answers."""

AUTHORITY = "what clients of Vault trust"

COMPUTED = {"accessor": "auth_1", "csr": "CSR", "certificate": "PEM", "certificateBundle": "PEM"}
"""What a Vault would add."""

CONFIGURED = {"idp:people_client_secret": "hush"}
"""The configuration of every stack: secret."""

PROGRAM = Path(__file__).resolve().parents[2] / "stacks" / "__main__.py"


BELOW = {
    "platform": {
        "kubeconfig": "kubeconfig of the platform",
        "namespaces": ["idp-vault"],
        "workspace_priority_class": "as-exported",
        "vault_address": "https://vault.of.the.platform:8200",
        "vault_ca": "authority of the platform's Vault",
    },
    "secrets": {
        **{field.name: f"{field.name} of the secrets" for field in fields(SecretsOutputs)},
        "kubernetes_login": "login-of-the-secrets",
    },
    "foundation": {
        **{field.name: f"{field.name} of the foundation" for field in fields(FoundationOutputs)},
        "kubeconfig": "kubeconfig of the foundation",
        "key_arns": {"unseal": "the key that unseals"},
        "bucket_names": {"vault-snapshots": "the bucket for snapshots"},
    },
}
"""Outputs of the layers below."""

Answer = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]


@dataclass
class Run(pulumi.runtime.Mocks):
    """What a program declared."""

    answer: Answer
    """What AWS answers."""
    made: list[pulumi.runtime.MockResourceArgs] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    """What became of each of `made`: its inputs and what the provider adds."""
    read: list[str] = field(default_factory=list)
    """Stacks whose outputs it read."""
    outputs: dict[str, object] = field(default_factory=dict)
    """What it exported, resolved."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, object]]:
        if args.typ == "pulumi:pulumi:StackReference":
            self.read.append(args.name)
            below = BELOW[args.name.rpartition(".")[2]]
            return args.name, {"name": args.name, "outputs": below, "secretOutputNames": []}
        if args.name == "vault-ca":
            # Read, not made.
            return args.resource_id or "", {"data": {"ca.crt": AUTHORITY}}
        state = self._state(args)
        self.made.append(args)
        self.states.append(state)
        return f"{args.name}-id", state

    def _state(self, args: pulumi.runtime.MockResourceArgs) -> dict[str, Any]:
        if args.typ.startswith("vault:"):
            return {**COMPUTED, **args.inputs}
        if args.typ.startswith("aws:"):
            return self.answer(args.typ, args.name, args.inputs)
        return dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
        raise AssertionError(f"programs call no provider function: {args.token}")

    @property
    def objects(self) -> list[pulumi.runtime.MockResourceArgs]:
        """Kubernetes objects."""
        return [args for args in self.made if args.typ.startswith("kubernetes:")]

    @property
    def cloud(self) -> list[pulumi.runtime.MockResourceArgs]:
        """AWS resources."""
        return [args for args in self.made if args.typ.startswith("aws:")]

    @property
    def inside_vault(self) -> list[pulumi.runtime.MockResourceArgs]:
        """What is configured inside Vault."""
        return [args for args in self.made if args.typ.startswith("vault:")]

    def of(self, token: str) -> list[pulumi.runtime.MockResourceArgs]:
        """Return what has exactly this type."""
        return [args for args in self.made if args.typ == token]


def _forget_stack() -> None:
    # Else the stack of the test before stays, with its name and its transformations.
    set_root_resource(None)  # type: ignore[arg-type]  # the SDK's getter says that it may be None


def _main() -> None:
    runpy.run_path(str(PROGRAM), run_name="__main__")


@pytest.fixture
def run_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, aws_answer: Answer) -> Iterator[Callable[..., Run]]:
    """Return a function that runs a program, `stacks/__main__.py` if none is given, as the stack of a name."""
    record = tmp_path / "emulator.json"
    record.write_text(json.dumps({"endpoint": ENDPOINT}))
    monkeypatch.setattr(aws, "EMULATOR", record)
    monkeypatch.setattr(loopback, "FOLDER", tmp_path)
    monkeypatch.setattr(loopback, "VAULT_PLUGINS", tmp_path / "vault-plugins.json")
    loopback.VAULT_PLUGINS.write_text(json.dumps(dict.fromkeys(PLUGINS, "0" * 64)))
    (tmp_path / "vault").mkdir()
    for name in environments.names():
        loopback.vault_record(name).write_text(json.dumps({"address": VAULT, "ca_file": str(record)}))
    pulumi.runtime.set_all_config(CONFIGURED, list(CONFIGURED))
    # As the engine starts it: with the program's folder first.
    monkeypatch.setattr(sys, "path", [str(PROGRAM.parent), *sys.path])

    def run(stack: str, program: Callable[[], object] = _main) -> Run:
        declared = Run(aws_answer)
        _forget_stack()
        pulumi.runtime.set_mocks(declared, project="idp", stack=stack)
        root = get_root_resource()

        # The decorator drains every registration before it returns.
        @pulumi.runtime.test  # type: ignore[untyped-decorator]  # as the SDK has it
        def drained() -> pulumi.Output[Any]:
            program()
            assert isinstance(root, Stack)
            return pulumi.Output.all(**root.outputs).apply(declared.outputs.update)

        drained()
        return declared

    yield run
    _forget_stack()
    pulumi.runtime.set_all_config({}, [])


@pytest.fixture(scope="session")
def _runs() -> dict[str, Run]:
    return {}


@pytest.fixture
def run_stack(run_program: Callable[..., Run], _runs: dict[str, Run]) -> Callable[[str], Run]:
    """Return a function from a stack's name to what the program declares for it; each is run once for all tests."""

    def run(stack: str) -> Run:
        if stack not in _runs:
            _runs[stack] = run_program(stack)
        return _runs[stack]

    return run
