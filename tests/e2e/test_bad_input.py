"""Whatever is wrong: one clear line for each thing, the right exit code, and nothing is created or changed."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from stacks.layers import LAYERS

from .checkout import Checkout, Ran, run
from .kubectl import Kubectl
from .snapshot import files, snapshot, unchanged

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FAILED, INVALID, MISSING = 1, 2, 3

BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

NOBODY = "65534"
OTHER_WAY = r"or set cluster\.kubeconfig in environments/local\.yaml to use kind, k3d or any cluster"

FOUNDATIONS: dict[str, tuple[str, str, list[str]]] = {
    "overlapping ranges": (
        "cidr: 10.90.0.0/16",
        "cidr: 10.20.128.0/17",
        [r"foundation\.network\.cidr: '10\.20\.128\.0/17' is not allowed: a range apart from 10\.20\.0\.0/16"],
    ),
    "zone of another region": (
        "eu-central-1c]",
        "us-east-1c]",
        [r"local\.yaml:\d+: foundation\.network\.zones\[2\]: 'us-east-1c' is not allowed: a zone of eu-central-1"],
    ),
    "unsupported version": (
        'kubeconfig: null\n  context: null\n  version: "1.33"',
        'kubeconfig: /dev/null\n  context: null\n  version: "1.29"',
        [r"local\.yaml:\d+: cluster\.version: '1\.29' is not allowed: a version that EKS has pins for \(1\.32, "],
    ),
    "no account": (
        '    account_id: "123456789012"\n',
        "",
        [r"local\.yaml:\d+: foundation\.aws\.account_id: is missing"],
    ),
    "account that is a number": (
        'account_id: "123456789012"',
        "account_id: 123456789012",
        [r"local\.yaml:\d+: foundation\.aws\.account_id: 123456789012 is not allowed"],
    ),
}
"""What can be wrong with a foundation: before, after, and what is told."""

STATE = ".idp/state/.pulumi/stacks/idp"


def assert_told(ran: Ran, code: int, *patterns: str) -> None:
    """Assert that stderr has exactly these findings (regular expressions), a line each, and stdout nothing."""
    assert ran.code == code, ran
    assert ran.out == "", ran
    told = [line for line in ran.err.splitlines() if not line.startswith("· ")]
    assert len(told) == len(patterns), ran
    for line, pattern in zip(told, patterns, strict=True):
        assert re.search(f"^error .*{pattern}", line), f"{pattern!r} is not in {line!r}"


@pytest.fixture(scope="module")
def empty(fresh: Callable[[], Checkout]) -> Checkout:
    """Return a copy in which nothing ever stood."""
    return fresh()


@pytest.fixture
def bare(empty: Checkout) -> Iterator[Checkout]:
    """Return that copy, and assert afterwards that no command has begun to create anything."""
    try:
        yield empty
        assert empty.processes() == []
        assert not empty.local.exists()
        assert list((empty.root / "environments").glob("Pulumi.*.yaml")) == []
        mounts = Path("/proc/self/mounts").read_text()
        assert str(empty.root) not in mounts
    finally:
        empty.describe(None)
        if empty.local.exists():
            empty.idp("local", "remove")
        shutil.rmtree(empty.root / ".idp", ignore_errors=True)


@contextmanager
def disk(where: Path, options: str) -> Iterator[None]:
    """Put a file system of its own, in memory, over a folder."""
    where.mkdir(exist_ok=True)
    _mount("mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "tmpfs", str(where))
    try:
        yield
    finally:
        _mount("umount", str(where))


def _mount(*command: str) -> None:
    program = shutil.which(command[0])
    assert program
    subprocess.run([program, *command[1:]], check=True)


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        (["up", "nope"], r"'nope' is not an environment: There are dev, local, prod, staging$"),
        (["preview", "../local"], r"'\.\./local' is not an environment"),
        (["env-vars", "[red]a\nb"], r"'\[red\]a\\nb' is not an environment"),
        (
            ["up", "local", "--layer", "plattform"],
            rf"layer: 'plattform' is not allowed: one of {', '.join(LAYERS)}$",
        ),
        (
            ["preview", "local.plattform"],
            rf"layer: 'plattform' is not allowed: one of {', '.join(LAYERS)}$",
        ),
        (
            ["up", "local.platform", "--layer", "workspaces"],
            r"layer: 'workspaces' is not allowed beside local\.platform",
        ),
        (["down", "local", "--i-know", "prod"], r"--i-know: 'prod' is not allowed: local, what is to be removed$"),
        (
            ["down", "local", "--layer", ""],
            r"layer: '' is not allowed: one of foundation, platform, secrets, workspaces$",
        ),
    ],
    ids=lambda value: repr(" ".join(value)) if isinstance(value, list) else "",
)
def test_wrong_names(bare: Checkout, command: list[str], pattern: str) -> None:
    assert_told(bare.idp(*command), INVALID, pattern)
    assert not (bare.root / ".idp").exists()


@pytest.mark.parametrize(
    ("before", "after", "patterns"),
    [
        ("owner: team-platform", "owner: team-platform\nreplicas: 3", [r"local\.yaml:5: replicas: is not a key here"]),
        ("pods: 10", 'pods: "10"', [r"local\.yaml:\d+: workspaces\[0\]\.quota\.pods: '10' is not allowed: a whole"]),
        (
            "pods: 10",
            "pods: many\n      podz: 3",
            [r"workspaces\[0\]\.quota\.pods: 'many' is not", r"workspaces\[0\]\.quota\.podz: .* did you mean pods\?"],
        ),
        *FOUNDATIONS.values(),
    ],
    ids=["unknown key", "wrong type", "two at once", *FOUNDATIONS],
)
def test_wrong_environment_file(bare: Checkout, before: str, after: str, patterns: list[str]) -> None:
    assert before in bare.original
    bare.describe(bare.original.replace(before, after, 1))
    assert_told(bare.idp("up", "local"), INVALID, *patterns)
    assert not (bare.root / ".idp").exists()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (BOMB, r"local\.yaml:1: anchors \(&\) are not allowed"),
        ("name: local\n\tbad", r"local\.yaml:2: not YAML"),
        (None, r"'local' is not an environment: There are dev, prod, staging$"),
    ],
    ids=["bomb", "no yaml", "a folder"],
)
def test_unreadable_environment_file(bare: Checkout, text: str | None, first: str) -> None:
    if text is None:
        bare.environment_file.unlink()
        bare.environment_file.mkdir()
    else:
        bare.describe(text)
    try:
        # The bomb, read as YAML reads it, takes more memory than there is.
        ran = bare.idp("up", "local", seconds=60)
    finally:
        if text is None:
            bare.environment_file.rmdir()
    patterns = [first, *[r"local\.yaml:\d+: (anchors|aliases) "] * (len(ran.errors()) - 1)]
    assert_told(ran, INVALID, *patterns)
    assert not (bare.root / ".idp").exists()


@pytest.mark.parametrize("command", ["preview", "down", "env-vars"])
def test_every_command_refuses_a_wrong_file(bare: Checkout, command: str) -> None:
    bare.describe(bare.original.replace("pods: 10", "pods: many"))
    assert_told(bare.idp(command, "local"), INVALID, r"workspaces\[0\]\.quota\.pods: ")
    assert not (bare.root / ".idp").exists()


@pytest.mark.parametrize("command", ["up", "preview"])
def test_kubeconfig_that_is_not_there(bare: Checkout, command: str) -> None:
    bare.describe(bare.original.replace("kubeconfig: null", "kubeconfig: nowhere/config"))
    told = rf"local: cluster\.kubeconfig: {bare.root}/environments/nowhere/config is not there$"
    assert_told(bare.idp(command, "local"), MISSING, told)
    assert files(bare.root / ".idp/state") == {}


@pytest.mark.parametrize("command", ["preview", "down"])
def test_no_cluster(bare: Checkout, command: str) -> None:
    told = "local: the local cluster does not run; `idp local start` starts it$"
    assert_told(bare.idp(command, "local"), MISSING, told)
    assert files(bare.root / ".idp/state") == {}


@pytest.mark.parametrize("command", [["up", "local"], ["local", "start"]], ids=" ".join)
def test_no_root(bare: Checkout, tmp_path: Path, command: list[str]) -> None:
    """Nobody is told at once, not after all tools are built; and is not stopped by a mere lack of permissions."""
    anybody = ("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups")
    may = ("--inh-caps", "+dac_override", "--ambient-caps", "+dac_override")
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "IDP_CACHE": str(tmp_path / "idp")}
    ran = bare.idp(*command, variables=home, wrapper=(*anybody, *may), seconds=60)
    assert_told(ran, MISSING, rf"the local cluster needs root \(namespaces, cgroups, mounts\); {OTHER_WAY}$")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        ("size=64m", r"/\.idp: 6\d MiB free; at least 256 MiB are needed$"),
        ("size=500m", rf"/\.idp: (499|500) MiB free, the local cluster needs \d+ MiB; {OTHER_WAY}$"),
        ("ro", r"/\.idp/\w+: Read-only file system$"),
    ],
)
def test_full_disk(bare: Checkout, options: str, pattern: str) -> None:
    with disk(bare.root / ".idp", options):
        assert_told(bare.idp("up", "local"), MISSING, pattern)
        assert not bare.local.exists()
        assert files(bare.root / ".idp/state") == {}


def test_a_file_where_the_folder_must_be(bare: Checkout) -> None:
    (bare.root / ".idp").write_text("mine")
    try:
        assert_told(bare.idp("up", "local"), MISSING, rf"{bare.root}/\.idp: File exists$")
        assert (bare.root / ".idp").read_text() == "mine"
    finally:
        (bare.root / ".idp").unlink()


def test_missing_tools(bare: Checkout, tmp_path: Path) -> None:
    """Without Go, network and cache: says so for each tool at once, and neither downloads nor builds."""
    hide = 'for go in /usr/local/go /usr/lib/go*; do [ ! -d $go ] || mount -t tmpfs tmpfs $go; done; exec "$@"'
    ran = bare.idp(
        "up",
        "local",
        variables={"IDP_CACHE": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        wrapper=("unshare", "--mount", "--net", "--", "sh", "-euc", hide, "sh"),
        seconds=60,
    )
    remedy = r"no go on PATH to build it with; install Go \S+ or newer \(https://go\.dev/dl\)$"
    tools = ("pulumi", "pulumi-resource-kubernetes", "kubectl")
    assert_told(ran, MISSING, *(f"{tool}: {remedy}" for tool in tools))
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "versions.json"] == []


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("up", b'{"version": 3, "checkpoint": {"stack": "organ'),
        ("up", b""),
        ("up", b"{}"),
        ("down", b"{"),
        ("status", b"{"),
    ],
)
def test_corrupt_state(bare: Checkout, command: str, content: bytes) -> None:
    folder = bare.root / STATE
    folder.mkdir(parents=True)
    layers = ("platform", "workspaces")
    for layer in layers:
        (folder / f"local.{layer}.json").write_bytes(content)
    before = files(bare.root / ".idp/state")
    backup = "the state before the last update is in"
    assert_told(
        bare.idp(command, "local"),
        FAILED,
        *(rf"{folder}/local\.{x}\.json: not a state file \(.+\); {backup} local\.{x}\.json\.bak" for x in layers),
    )
    assert files(bare.root / ".idp/state") == before


def test_corrupt_state_keeps_nobody_from_cleaning_up(bare: Checkout) -> None:
    (bare.root / STATE).mkdir(parents=True)
    (bare.root / STATE / "local.platform.json").write_text("{")
    removed = bare.idp("local", "remove")
    assert removed.code == 0, removed
    assert bare.traces() == []


def test_the_way_back_from_a_corrupt_state_is_the_one_it_names(platform: Checkout, kubectl: Kubectl) -> None:
    path = platform.root / STATE / "local.platform.json"
    whole = path.read_bytes()
    before = snapshot(platform, kubectl).objects
    try:
        path.write_bytes(whole[: len(whole) // 2])
        refused = platform.idp("up", "local")
        assert_told(refused, FAILED, rf"{path}: not a state file ")
        assert snapshot(platform, kubectl).objects == before
        backup = re.search(r"is in (\S+) beside it$", refused.errors()[0])
        assert backup
        shutil.copy(path.with_name(backup[1]), path)
    except BaseException:
        path.write_bytes(whole)
        raise
    assert platform.up()["platform"]["ok"]
    assert snapshot(platform, kubectl).objects == before


def test_lost_passphrase(platform: Checkout, kubectl: Kubectl) -> None:
    passphrase = platform.root / ".idp/passphrase"
    kept = passphrase.read_bytes()
    passphrase.unlink()
    try:
        with unchanged(platform, kubectl):
            ran = platform.idp("up", "local", "--json")
    finally:
        passphrase.write_bytes(kept)
    assert ran.code == FAILED, ran
    assert "Traceback" not in ran.err
    layers = ran.json()["layers"]
    assert layers
    for layer in layers:
        assert [error for error in layer["errors"] if not error.endswith("incorrect passphrase")] == []
        assert layer["errors"]


def test_disk_that_is_full_when_an_update_begins(platform: Checkout, kubectl: Kubectl, tmp_path: Path) -> None:
    """The engine can't write down what it is about to do: so it must not do it."""
    state = platform.root / ".idp/state"
    shutil.copytree(state, tmp_path / "state")
    before = _urns(platform)
    try:
        with unchanged(platform, kubectl), disk(state, "size=64m"):
            shutil.copytree(tmp_path / "state", state, dirs_exist_ok=True)
            (state / "ballast").write_bytes(bytes(shutil.disk_usage(state).free))
            platform.describe(platform.original.replace("pods: 10", "pods: 99"))
            ran = platform.idp("up", "local", "--layer", "workspaces", "--json")
            assert _urns(platform) == before, "the state is whole, on a full disk too"
            (state / "ballast").unlink()
            platform.describe(None)
            again = platform.idp("up", "local", "--layer", "workspaces")
            assert again.code == 0, again
    finally:
        platform.describe(None)
    assert ran.code == FAILED, ran
    assert "Traceback" not in ran.err
    [layer] = ran.json()["layers"]
    assert any("no space left on device" in error for error in layer["errors"]), ran
    assert all("\n" not in error for error in layer["errors"]), ran


def _urns(platform: Checkout) -> list[str]:
    return sorted(resource["urn"] for resource in platform.checkpoint("workspaces")["resources"])


def test_stock_pulumi_names_what_is_wrong_too(platform: Checkout, kubectl: Kubectl) -> None:
    variables = platform.variables()
    before = snapshot(platform, kubectl).objects
    platform.describe(platform.original.replace("pods: 10", "pods: many"))
    try:
        up = ("pulumi", "up", "--yes", "--skip-preview", "-s", "local.platform")
        ran = run(*up, cwd=platform.root, variables=variables)
    finally:
        platform.describe(None)
    assert snapshot(platform, kubectl).objects == before
    assert ran.code != 0, ran
    assert "workspaces[0].quota.pods: 'many' is not allowed" in ran.out + ran.err, ran
    assert "Traceback" not in ran.out + ran.err, ran


def test_port_that_somebody_took_meanwhile(platform: Checkout) -> None:
    """Nobody asked for a certain port, so another will do, and no resource changes because of it."""
    forward, ports = platform.pid_of("forward"), platform.local / "ports.json"
    assert forward is not None
    taken = json.loads(ports.read_text())["api"]
    process = psutil.Process(forward)
    process.kill()
    psutil.wait_procs([process], timeout=10)
    with socket.create_server(("127.0.0.1", taken)):
        layers = platform.up()
        assert json.loads(ports.read_text())["api"] != taken
    assert {layer["action"] for layer in layers.values()} == {"unchanged"}
