"""The main job: the environment stands up, says so, and stays as it is."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from stacks import layers

from .checkout import Checkout, Ran, cache, run
from .kubectl import Kubectl, state_objects, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

LAYERS = tuple(layers.LAYERS)
SECOND_RATIO = 3.0
"""How much longer than a preview of the same layers a `make up` that changes nothing may take."""


@pytest.fixture(scope="module")
def second(platform: Checkout) -> Ran:
    return platform.make("up")


def stock(platform: Checkout, command: str) -> Ran:
    """Run `pulumi` as a person does who knows nothing of `idp` but `env-vars` and how to be let into Vault."""
    exported = 'eval "$(.venv/bin/idp env-vars local)"; export VAULT_TOKEN="$(.venv/bin/idp vault token local)"'
    return run("bash", "-euc", f"{exported}; {command}", cwd=platform.root)


def test_second_make_up_changes_nothing_and_says_what_stands(platform: Checkout, second: Ran) -> None:
    assert second.code == 0, second
    rows = [line.split("│") for line in second.out.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row[1:4]] for row in rows] == [[layer, "unchanged", "none"] for layer in LAYERS]
    for line in ("workspaces.services: http://hello.sample.svc:8080", f"kubeconfig: {platform.local / 'kubeconfig'}"):
        assert line in second.out
    assert "kubectl get pods --all-namespaces" in second.out


def test_second_make_up_costs_little_more_than_a_preview(platform: Checkout) -> None:
    previewed = min(platform.idp("preview", "local").seconds for _ in range(2))
    again = min(platform.make("up").seconds for _ in range(2))
    assert again < SECOND_RATIO * previewed


def test_up_as_json_says_the_same(platform: Checkout) -> None:
    layers = platform.up()
    assert list(layers) == list(LAYERS)
    for result in layers.values():
        assert (result["action"], result["ok"], result["changes"], result["steps"]) == ("unchanged", True, {}, [])
        assert (result["errors"], result["outputs_changed"]) == ([], False)
        # What is found there is excused by the file, and listed.
        assert (result["policies"]["refused"], result["policies"]["advisory"]) == (0, 0)
        assert result["unchanged"] > 10


def test_what_the_state_lists_is_what_the_cluster_has(platform: Checkout, kubectl: Kubectl) -> None:
    listed, there = state_objects(platform), kubectl.platform_objects()
    assert listed.keys() == there.keys()
    uids = {name: item["metadata"]["uid"] for name, item in listed.items()}
    assert uids == {name: item["metadata"]["uid"] for name, item in there.items()}
    assert len(listed) > 40


def test_the_teams_pod_really_runs(kubectl: Kubectl) -> None:
    def ready() -> bool:
        pods = kubectl.get("pods", "-n", "sample")["items"]
        return [pod["status"]["phase"] for pod in pods] == ["Running"]

    until("pod of sample running", ready)


def test_what_people_put_into_vault_is_in_the_teams_pod(platform: Checkout, kubectl: Kubectl) -> None:
    value = "good-morning-from-vault"
    put = platform.idp("secrets", "put", "local", "sample", "app/hello", "greeting=-", stdin=value)
    assert put.code == 0, put

    def there() -> bool:
        with kubectl.client("sample") as probe:
            told = probe("get", "http://hello.sample.svc:8080/secret")
        return f'"bytes":{len(value)}' in told.line.replace(" ", "")

    until("the secret in the pod", there, 120)
    got = platform.idp("secrets", "get", "local", "sample", "app/hello", "--field", "greeting")
    assert got.out == value
    assert platform.idp("secrets", "delete", "local", "sample", "app/hello").code == 0


def test_stock_pulumi_agrees(platform: Checkout) -> None:
    previews = " && ".join(f"pulumi preview -s local.{layer} --expect-no-changes" for layer in LAYERS)
    agreed = stock(platform, previews)
    assert agreed.code == 0, agreed
    assert "idp" in agreed.out.partition("Policies:")[2].splitlines()[1], agreed


def test_stock_pulumi_up_gives_the_same(platform: Checkout) -> None:
    platform.describe(platform.original.replace("pods: 10", "pods: 11"))
    try:
        updated = stock(platform, "pulumi up --yes --skip-preview -s local.workspaces")
        assert updated.code == 0, updated
        assert "1 updated" in updated.out
        assert {result["action"] for result in platform.up().values()} == {"unchanged"}
    finally:
        platform.describe(None)
    assert platform.up()["workspaces"]["changes"] == {"update": 1}


def test_outputs_are_typed_and_secrets_masked(platform: Checkout) -> None:
    layers = platform.idp("outputs", "local", "--json").json()["layers"]
    foundation, secrets = layers.pop("foundation"), layers.pop("secrets")
    authority = layers["platform"].pop("vault_ca")
    assert authority.startswith("-----BEGIN CERTIFICATE-----")
    assert secrets["kv_mounts"] == {"sample": "team/sample/kv", "blue": "team/blue/kv"}
    assert foundation["cluster_name"] == "idp-local"
    assert foundation["deploy_role_arn"] == "arn:aws:iam::123456789012:role/idp-local-deploy"
    assert layers == {
        "platform": {
            "kubeconfig": str(platform.local / "kubeconfig"),
            "namespaces": ["idp-gateway", "idp-observability", "idp-vault"],
            "workspace_priority_class": "idp-workspace",
            "vault_address": "https://vault.idp-vault.svc:8200",
        },
        "workspaces": {"workspaces": ["sample", "blue"], "services": ["http://hello.sample.svc:8080"]},
    }


def test_a_secret_output_is_masked_everywhere(platform: Checkout) -> None:
    value = "correct-horse-battery-staple"
    program = platform.root / "stacks/__main__.py"
    before = program.read_text()
    program.write_text(f'{before}\npulumi.export("hidden", pulumi.Output.secret("{value}"))\n')
    try:
        ran = platform.idp("up", "local", "--layer", "platform", "--json")
        assert ran.code == 0, ran
        shown = platform.idp("outputs", "local", "--layer", "platform", "--json")
        assert shown.json()["layers"]["platform"]["hidden"] == "[secret]"
        assert "[secret]" in platform.idp("outputs", "local").out
    finally:
        program.write_text(before)
    platform.up()
    texts = [ran.out, ran.err, *(path.read_text() for path in (platform.root / ".idp/logs").iterdir())]
    states = (platform.root / ".idp/state").rglob("*.json*")
    assert not [text for text in (*texts, *(path.read_text() for path in states)) if value in text]


def test_status_counts_what_stands(platform: Checkout) -> None:
    layers = platform.idp("status", "local", "--json").json()["layers"]
    assert {name: layer["resources"] for name, layer in layers.items()} == {
        name: len(platform.checkpoint(name)["resources"]) for name in LAYERS
    }
    assert all(layer["updated"] for layer in layers.values())


@pytest.mark.parametrize(
    "command",
    [
        ["preview", "local"],
        ["status", "local"],
        ["outputs", "local"],
        ["env-vars", "local"],
        ["tools"],
        ["local", "status"],
        ["local", "start"],
    ],
    ids=" ".join,
)
def test_json_is_all_there_is_on_stdout(platform: Checkout, command: list[str]) -> None:
    ran = platform.idp(*command, "--json")
    assert ran.code == 0, ran
    assert isinstance(ran.json(), dict | list)
    assert "Traceback" not in ran.err


def test_schema_is_the_committed_one(platform: Checkout) -> None:
    committed = json.loads((platform.root / "environments/schema.json").read_text())
    assert platform.idp("schema").json() == committed


def test_env_vars_print_the_same_for_a_shell(platform: Checkout) -> None:
    pairs = [shlex.split(line)[1].partition("=") for line in platform.idp("env-vars", "local").out.splitlines()]
    assert {name: value for name, _, value in pairs} == platform.variables()


def test_only_the_owner_reads_what_is_private(platform: Checkout) -> None:
    folder = platform.root / ".idp"
    private: list[Path] = [folder, folder / "passphrase", platform.local / "kubeconfig", *(folder / "logs").iterdir()]
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in private if path.stat().st_mode & 0o077} == {}


def test_nothing_of_the_persons_own_pulumi_is_touched(platform: Checkout, tmp_path: Path) -> None:
    ran = platform.idp("preview", "local", "--json", variables={"HOME": str(tmp_path), "IDP_CACHE": cache()})
    assert ran.code == 0, ran
    assert [path.name for path in tmp_path.iterdir() if "pulumi" in path.name] == []


def test_help_documents_every_exit_code(platform: Checkout) -> None:
    shown = platform.idp("--help")
    assert shown.code == 0
    text: Any = " ".join(shown.out.replace("│", " ").split())
    for code in range(6):
        assert f"{code} " in text.partition("Exit codes:")[2]
