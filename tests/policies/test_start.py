"""Starting the pack costs what Pulumi's own start costs, and little else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_heavy_import() -> None:
    program = "import sys, pulumi; print(*sys.modules)\nimport policies.pack; policies.pack.load(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    before, after = ({name.split(".")[0] for name in line.split()} for line in done.stdout.splitlines())
    # The language host starts packs with `python -m pulumi.policy`, which has imported `pulumi` by then.
    assert after - before <= {"policies", "pkgutil"}


def test_rules_need_no_policy_sdk() -> None:
    program = "import sys, policies.catalogue, policies.report; policies.catalogue.load(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    assert {name.split(".")[0] for name in done.stdout.split()}.isdisjoint({"pulumi", "pulumi_policy", "grpc"})
