"""A program imports the SDK of AWS only where it needs it: that takes part of every preview and update."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.vault_args import PLUGINS

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json, runpy, sys
from dataclasses import fields
from pathlib import Path
import pulumi
from stacks import loopback
from stacks.outputs import Outputs

loopback.VAULT_PLUGINS = Path(sys.argv[2])
EXPORTED = {field.name: field.name for kind in Outputs.__subclasses__() for field in fields(kind)}
EXPORTED |= {"key_arns": {"unseal": "key"}, "bucket_names": {"vault-snapshots": "bucket"}}
made = set()

class Anything(pulumi.runtime.Mocks):
    def new_resource(self, args):
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": EXPORTED, "secretOutputNames": []}
        made.add(args.typ.partition(":")[0])
        return args.name, args.inputs

    def call(self, args):
        raise AssertionError(args.token)

# A preview: what AWS would compute is not known yet.
pulumi.runtime.set_mocks(Anything(), project="idp", stack=sys.argv[1], preview=True)
pulumi.runtime.test(lambda: runpy.run_path("stacks", run_name="__main__") and None)()
print(json.dumps({"made": sorted(made), "imported": sorted(name for name in sys.modules if "." not in name)}))
"""


@pytest.mark.parametrize(
    ("stack", "provider"),
    [
        ("local.platform", "kubernetes"),
        ("local.workspaces", "kubernetes"),
        ("dev.platform", "kubernetes"),
        ("dev.workspaces", "kubernetes"),
        ("dev.foundation", "aws"),
    ],
)
def test_only_a_program_that_declares_something_in_aws_imports_its_sdk(
    tmp_path: Path, stack: str, provider: str
) -> None:
    plugins = tmp_path / "plugins.json"
    plugins.write_text(json.dumps(dict.fromkeys(PLUGINS, "0" * 64)))
    command = [sys.executable, "-c", PROGRAM, stack, str(plugins)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert provider in found["made"]
    assert ("aws" in found["made"]) is ("pulumi_aws" in found["imported"]) is (provider == "aws")
