"""Starting the pack costs what the policy SDK costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_heavy_import() -> None:
    program = "import sys, policies.pack; policies.pack.load(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    roots = {name.split(".")[0] for name in done.stdout.split()}
    assert "pulumi_policy" in roots
    assert roots.isdisjoint(
        {"pulumi_kubernetes", "pulumi_aws", "pulumi_vault", "pydantic", "idp", "components", "stacks"}
    )


def test_rules_need_no_policy_sdk() -> None:
    program = "import sys, policies.catalogue, policies.report; policies.catalogue.load(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    assert {name.split(".")[0] for name in done.stdout.split()}.isdisjoint({"pulumi", "pulumi_policy", "grpc"})
