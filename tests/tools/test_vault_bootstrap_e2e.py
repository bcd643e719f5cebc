"""The Go tests of `vault-bootstrap`, those of the bucket against the AWS emulator."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.loopback.aws.server import AwsEmulator
from idp.paths import TOOLS
from idp.toolchain.gomodule import ENVIRONMENT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    emulator = AwsEmulator(tmp_path_factory.mktemp("aws") / "home", "111122223333")
    found = emulator.start(lambda _: None).endpoint
    assert found
    yield found
    emulator.stop(lambda _: None)


def go_test(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = ("go", "test", "-mod=readonly", "-count=1", *arguments, "./...")
    folder: Path = TOOLS / "vault-bootstrap"
    return subprocess.run(
        command, cwd=folder, env={**surroundings, **ENVIRONMENT, **more}, capture_output=True, text=True, check=False
    )


def test_its_steps_certificates_and_files() -> None:
    ended = go_test("-v")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("\n--- PASS: ") >= 13


def test_a_bucket(endpoint: str) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "loopback", "AWS_SECRET_ACCESS_KEY": "loopback"}
    ended = go_test("-v", "-run", "Bucket", AWS_ENDPOINT_URL=endpoint, AWS_REGION="us-east-1", **credentials)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "\n--- PASS: TestABucketKeepsWholeSnapshotsAndReplacesNone" in ended.stdout
