"""The Go tests of `vault-bootstrap`: the bucket against the AWS emulator, the pipeline's login against a real Vault."""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from idp import toolchain
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


@pytest.fixture(scope="module")
def vault() -> Iterator[dict[str, str]]:
    """Return the address and token of a Vault in memory, as environment variables."""
    binary = toolchain.ensure(print, toolchain.VAULT).path("vault")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    variables = {"VAULT_ADDR": f"http://{address}", "VAULT_TOKEN": secrets.token_urlsafe()}
    arguments = ("server", "-dev", "-dev-no-store-token", f"-dev-listen-address={address}")
    environment = {"VAULT_DEV_ROOT_TOKEN_ID": variables["VAULT_TOKEN"], "PATH": os.defpath}
    server = subprocess.Popen(
        [binary, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not _answers(variables["VAULT_ADDR"]):
            assert time.monotonic() < deadline, "Vault does not answer"
            assert server.poll() is None, "Vault ended"
            time.sleep(0.1)
        yield variables
    finally:
        server.kill()
        server.wait()


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{address}/v1/sys/health", timeout=5) as answer:  # noqa: S310
        return bool(answer.status == http.client.OK)
    return False


def go_test(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VAULT_"))}
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


def test_the_pipelines_login(vault: dict[str, str]) -> None:
    ended = go_test("-v", "-run", "Pipeline", **vault)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "\n--- PASS: TestThePipelineLogsInFromItsOwnProtectedRefOnly" in ended.stdout
