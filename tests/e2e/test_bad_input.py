"""Whatever is wrong: one clear line for each thing, the right exit code, and nothing is changed."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .checkout import Checkout, Ran, run
from .kubectl import Kubectl

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

FAILED, INVALID, MISSING = 1, 2, 3

BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

COMMANDS = (["up", "local"], ["preview", "local"], ["down", "local"])


def assert_told(ran: Ran, code: int, *lines: str) -> None:
    """Assert that stderr has exactly these findings (regular expressions), a line each, and stdout nothing."""
    assert ran.code == code, ran
    assert ran.out == "", ran
    assert "Traceback" not in ran.err, ran
    found = ran.errors()
    assert len(found) == len(lines), ran
    for line, pattern in zip(found, lines, strict=True):
        assert re.search(pattern, line), f"{pattern!r} is not in {line!r}"
    told = [line for line in ran.err.splitlines() if line and not line.startswith(("error ", "· "))]
    assert told == [], ran


def states(checkout: Checkout) -> dict[str, bytes]:
    """Return every file of the state by name."""
    folder = checkout.root / ".idp/state"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", autouse=True)
def same_cluster(kubectl: Kubectl) -> Iterator[None]:
    """Assert that all the bad input of this file has changed no object of the cluster."""
    before = _generations(kubectl)
    yield
    assert _generations(kubectl) == before


@pytest.fixture
def untouched(platform: Checkout) -> Iterator[Checkout]:
    """Return the platform, and assert afterwards that its state has not changed."""
    before = states(platform)
    try:
        yield platform
    finally:
        platform.describe(None)
    assert states(platform) == before


@pytest.fixture(scope="module")
def bare(fresh: Callable[[], Checkout]) -> Checkout:
    """Return a copy in which nothing ever stood."""
    return fresh()


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        (["up", "nope"], r"'nope' is not an environment: There are dev, local, prod, staging$"),
        (["up", "locl"], r"'locl' is not an environment: did you mean local\?"),
        (["preview", "../local"], r"'\.\./local' is not an environment"),
        (["up", "local", "--layer", "plattform"], r"layer: 'plattform' is not allowed: one of platform, workspaces$"),
        (["down", "local", "--layer", ""], r"layer: '' is not allowed"),
        (["outputs", "local", "--layer", "local.platform"], r"layer: 'local.platform' is not allowed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_names(untouched: Checkout, command: list[str], pattern: str) -> None:
    assert_told(untouched.idp(*command), INVALID, pattern)


@pytest.mark.parametrize(
    ("before", "after", "patterns"),
    [
        ("owner: team-platform", "owner: team-platform\nreplicas: 3", [r"local\.yaml:5: replicas: "]),
        ("pods: 10", 'pods: "10"', [r"local\.yaml:\d+: workspaces\[0\]\.quota\.pods: "]),
        ("pods: 10", "pods: many\n      podz: 3", [r"quota\.pods: ", r"quota\.podz: "]),
        ("idp.local/sample:1", "idp.local/sample:latest", [r"workspaces\[0\]\.services\[0\]\.image: "]),
        ("  - name: blue", "  - name: sample", [r"workspaces\[1\]\.name: "]),
        ("  - name: blue", "  - name: kube-system", [r"workspaces\[1\]\.name: "]),
        (
            "name: local",
            "name: dev",
            # Without a name nobody knows which environment's rules hold: it is read as any that is not local.
            [r"local\.yaml:2: name: ", r"state\.backend: ", r"state\.secrets_provider: ", r"cluster\.kubeconfig: "],
        ),
    ],
    ids=["unknown key", "wrong type", "two at once", "latest", "twice", "reserved", "other name"],
)
def test_wrong_environment_file(untouched: Checkout, before: str, after: str, patterns: list[str]) -> None:
    assert before in untouched.original
    untouched.describe(untouched.original.replace(before, after, 1))
    assert_told(untouched.idp("up", "local"), INVALID, *patterns)


@pytest.mark.parametrize("command", ["preview", "down", "status", "outputs", "env-vars"])
def test_no_command_takes_a_wrong_environment_file(untouched: Checkout, command: str) -> None:
    untouched.describe(untouched.original.replace("pods: 10", "pods: ten"))
    assert_told(untouched.idp(command, "local"), INVALID, r"quota\.pods: 'ten' is not allowed: ")


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        (BOMB, r"local\.yaml:1: .*anchors"),
        ("", r"local\.yaml:1: .*empty"),
        ("[" * 5000, r"nested too deeply"),
        ("name: local\n\tbad", r"local\.yaml:2: not YAML"),
        ("x: " + "y" * (1 << 21), r"too large"),
    ],
    ids=["bomb", "empty", "deep", "no yaml", "large"],
)
def test_unreadable_environment_file(untouched: Checkout, text: str, pattern: str) -> None:
    untouched.describe(text)
    ran = untouched.idp("up", "local", seconds=60)
    assert ran.code == INVALID, ran
    assert ran.errors()
    assert re.search(pattern, ran.errors()[0]), ran
    assert "Traceback" not in ran.err


def test_stock_pulumi_names_what_is_wrong_too(untouched: Checkout) -> None:
    variables = untouched.variables()
    untouched.describe(untouched.original.replace("pods: 10", "pods: many"))
    ran = run("pulumi", "preview", "-s", "local.workspaces", cwd=untouched.root, variables=variables)
    assert ran.code != 0
    assert "workspaces[0].quota.pods: " in ran.out + ran.err
    assert "Traceback" not in ran.out + ran.err


def test_kubeconfig_that_is_not_there(untouched: Checkout) -> None:
    untouched.describe(untouched.original.replace("kubeconfig: null", "kubeconfig: nowhere/config"))
    for command in COMMANDS:
        assert_told(untouched.idp(*command), MISSING, r"local: cluster\.kubeconfig: /.*/nowhere/config is not there$")


@pytest.mark.parametrize(
    ("command", "content"),
    [
        *(("up", content) for content in (b"", b"{", b"\xff\xfe\x00", b"[]", b"{}")),
        *((command, None) for command in ("up", "preview", "down", "status")),
    ],
)
def test_corrupt_state(platform: Checkout, command: str, content: bytes | None) -> None:
    path = platform.root / ".idp/state/.pulumi/stacks/idp/local.platform.json"
    whole = path.read_bytes()
    # None: cut off in the middle.
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    broken = states(platform)
    try:
        ran = platform.idp(command, "local")
        assert_told(
            ran, FAILED, re.escape(str(path)) + r": not a state file \(.*\).*local\.platform\.json\.bak beside it$"
        )
        assert states(platform) == broken
    finally:
        path.write_bytes(whole)


def test_the_way_back_from_a_corrupt_state_works(platform: Checkout, kubectl: Kubectl) -> None:
    path = platform.root / ".idp/state/.pulumi/stacks/idp/local.platform.json"
    objects = kubectl.platform_objects().keys()
    path.write_text("{")
    shutil.copy(path.with_name(path.name + ".bak"), path)
    platform.up()
    assert kubectl.platform_objects().keys() == objects


def test_preview_needs_the_cluster(bare: Checkout) -> None:
    for command in (["preview", "local"], ["down", "local"]):
        assert_told(bare.idp(*command), MISSING, "local: the local cluster does not run; `idp local start` starts it")
    assert_nothing_stands(bare)


def test_no_root(bare: Checkout) -> None:
    # In a user namespace without a mapping everybody is nobody, and may still read what is theirs.
    ran = bare.idp("up", "local", wrapper=("unshare", "--user", "--"))
    other = r"; or set cluster\.kubeconfig in environments/local\.yaml to use kind, k3d or any cluster$"
    assert_told(ran, MISSING, f"the local cluster needs root .*{other}")
    assert_nothing_stands(bare)


@pytest.mark.parametrize(("size", "needed"), [("100m", 256), ("400m", 1024)])
def test_full_disk(bare: Checkout, size: str, needed: int) -> None:
    (bare.root / ".idp").mkdir(exist_ok=True)
    look = "ls .idp/state/.pulumi/stacks/idp .idp/local >&2"
    script = f'mount -t tmpfs -o size={size} tmpfs .idp; code=0; "$@" || code=$?; {look}; exit $code'
    ran = bare.idp("up", "local", wrapper=("unshare", "--mount", "--", "sh", "-c", script, "sh"))
    assert ran.code == MISSING, ran
    assert len(ran.errors()) == 1, ran
    assert re.search(rf"/\.idp(/local)?: \d+ MiB free.* {needed} MiB", ran.errors()[0]), ran
    assert "cannot access '.idp/state/.pulumi/stacks/idp'" in ran.err, ran
    assert "cannot access '.idp/local'" in ran.err, ran
    assert_nothing_stands(bare)


def test_missing_tool(bare: Checkout, tmp_path: Path) -> None:
    """Without Go and with an empty cache: says so for each tool at once, and neither downloads nor builds."""
    hide = 'for go in /usr/local/go /usr/lib/go*; do [ ! -d $go ] || mount -t tmpfs tmpfs $go; done; exec "$@"'
    ran = bare.idp(
        "up",
        "local",
        variables={"IDP_CACHE": str(tmp_path), "PATH": "/usr/bin:/bin"},
        wrapper=("unshare", "--mount", "--", "sh", "-c", hide, "sh"),
        seconds=60,
    )
    assert ran.code == MISSING, ran
    assert [line.split()[1] for line in ran.errors()] == ["pulumi:", "pulumi-resource-kubernetes:", "kubectl:"], ran
    assert all("no go on PATH" in line and "https://go.dev/dl" in line for line in ran.errors())
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size > 1000] == []
    assert_nothing_stands(bare)


def test_port_that_was_taken_meanwhile(platform: Checkout) -> None:
    """Nobody asked for a certain port, so another will do; no resource is replaced because of it."""
    assert platform.idp("local", "stop").code == 0
    ports = platform.local / "ports.json"
    taken = json.loads(ports.read_text())["api"]
    with socket.create_server(("127.0.0.1", taken)):
        layers = platform.up()
        other = json.loads(ports.read_text())["api"]
    assert other != taken
    assert {result["action"] for result in layers.values()} <= {"unchanged", "up"}
    assert all(set(result["changes"]) <= {"update"} for result in layers.values()), layers


def assert_nothing_stands(checkout: Checkout) -> None:
    """Assert that no process, stack or cluster came of a refused command."""
    assert checkout.processes() == []
    stacks = checkout.root / ".idp/state/.pulumi/stacks"
    assert not stacks.exists() or not any(path.is_file() for path in stacks.rglob("*"))
    assert not (checkout.local / "cluster.json").exists()
    assert list((checkout.root / "environments").glob("Pulumi.local.*.yaml")) == []


def _generations(kubectl: Kubectl) -> dict[tuple[str, str, str], object]:
    return {name: item["metadata"].get("generation", 0) for name, item in kubectl.platform_objects().items()}
