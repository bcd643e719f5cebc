"""Whatever is killed whenever: the next `make up` puts it right, alone."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import psutil
import pytest

from stacks.layers import LAYERS

from .aws import assert_once
from .checkout import Checkout
from .crashing import TARGETS, Crash, crash, kill, orphans, wait_for_pending
from .kubectl import Kubectl, key, state_objects, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

# Parallel workers must agree: they share the name of their run.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or random.SystemRandom().random()
SEED = int(os.environ.get("IDP_TEST_SEED") or random.Random(RUN).randrange(2**32))  # noqa: S311 (no secret)
CRASHES = 10

GREEN = """
  - name: green
    owner: team-green
    cost_centre: cc-green
    quota: {cpu: 200m, memory: 256Mi, storage: 1Gi, pods: 5, services: 2}
    network: {ingress_from: [sample]}
"""


@pytest.fixture(scope="module")
def checkout(lean: Checkout) -> Checkout:
    """Return a checkout without Vault; with it, `test_with_vault_the_next_make_up_converges`."""
    return lean


def plans() -> list[Crash]:
    """Return the random crashes of this run: a third before anything is written, the others in the middle of it."""
    chance = random.Random(SEED)  # noqa: S311 (no secret)
    return [
        Crash(
            # Each target in turn, so that none is left out by chance.
            TARGETS[number % len(TARGETS)],
            chance.choice((0, chance.randint(1, 30), chance.randint(1, 60))),
            chance.uniform(0, 4) if chance.random() < 1 / 3 else chance.uniform(0, 0.1),
        )
        for number in range(CRASHES)
    ]


def variant(checkout: Checkout, number: int) -> str:
    """Return an environment that differs from the one before it by creations, changes and deletions."""
    if number % 2 == 0:
        return checkout.original
    before, _, _ = checkout.original.partition("  # Reaches nothing")
    changed = before.replace("pods: 10", "pods: 12").replace("port: 8080", "port: 8081")
    assert changed != before
    return changed.rstrip() + "\n" + GREEN


def without_service(checkout: Checkout) -> str:
    """Return the committed environment without the service of `sample`."""
    before, _, rest = checkout.original.partition("    services:\n      - name")
    assert rest
    return before + rest[rest.index("  # Reaches nothing") :]


def assert_whole(checkout: Checkout, context: str) -> None:
    """Assert that state and cluster hold the same objects, each once, and that nothing is left of any crash."""
    kubectl = Kubectl(checkout)
    listed, there = state_objects(checkout), kubectl.platform_objects()
    assert listed.keys() == there.keys(), context
    for name, item in listed.items():
        assert item["metadata"]["uid"] == there[name]["metadata"]["uid"], f"{name} {context}"
    assert_once(checkout, context)
    for layer in LAYERS:
        assert not checkout.checkpoint(layer).get("pending_operations"), context
    assert list((checkout.root / ".idp/state/.pulumi/locks").rglob("*.json")) == [], context
    # A kill while one is written would leave it empty, and the engine reads none such.
    assert list((checkout.root / ".idp/state").rglob("*.attrs")) == [], context
    assert orphans(checkout) == [], context
    for item in there.values():
        managers = {entry["manager"] for entry in item["metadata"]["managedFields"]}
        ours = {manager for manager in managers if manager.startswith(("idp-", "pulumi"))}
        assert len(ours) == 1, f"{key(item)}: managed by {ours} {context}"


PLANS = plans()


@pytest.fixture(scope="module")
def whole(fresh: Callable[[], Checkout]) -> Checkout:
    return fresh()


@pytest.mark.parametrize(
    ("target", "layer", "kind"), [("everything", "platform", "StatefulSet"), ("engine", "secrets", "Mount")]
)
def test_with_vault_the_next_make_up_converges(whole: Checkout, target: str, layer: str, kind: str) -> None:
    """The first is in the middle of Vault's initialisation, the second in that of a new team's secrets."""
    chance = random.Random(f"{SEED} {target}")  # noqa: S311 (no secret)
    whole.describe(variant(whole, 0 if target == "everything" else 1))
    run = whole.begin("up", "local")
    wait_for_pending(whole, run, layer, kind, 240)
    time.sleep(chance.uniform(0, 10 if layer == "platform" else 0.5))
    kill(whole, run, target)
    run.wait(60)
    context = f"({target} in {layer}; IDP_TEST_SEED={SEED})"
    mended = whole.make("up")
    assert mended.code == 0, f"{context}\n{whole.begun_said()}\n{mended}"
    assert_whole(whole, context)
    drift = whole.idp("up", "local", "--refresh", "--json")
    assert drift.code == 0, f"{context}\n{drift}"
    assert not any(result["changes"] for result in drift.json()["layers"]), context


@pytest.mark.parametrize("number", range(CRASHES), ids=lambda number: f"IDP_TEST_SEED={SEED}-{PLANS[number].target}")
def test_next_make_up_converges(checkout: Checkout, number: int) -> None:
    plan = PLANS[number]
    checkout.describe(variant(checkout, number))
    hit = crash(checkout, plan)
    context = f"({number}: {plan} {'in time' if hit else 'after the end'}; IDP_TEST_SEED={SEED})"
    said = checkout.begun_said()
    mended = checkout.make("up")
    assert mended.code == 0, f"{context}\n{said}\n{mended}"
    assert_whole(checkout, context)


def test_nothing_is_left_to_do_after_all_crashes(checkout: Checkout) -> None:
    checkout.up()
    drift = checkout.idp("up", "local", "--refresh", "--json")
    assert drift.code == 0, drift
    assert not any(result["changes"] for result in drift.json()["layers"])


@pytest.mark.parametrize("afterwards", ["changed", "removed"])
def test_an_object_created_by_a_killed_engine_still_follows_the_file(checkout: Checkout, afterwards: str) -> None:
    """The object exists, the state does not know: it must neither keep its old shape nor stay behind."""
    text, without = checkout.original, without_service(checkout)
    checkout.describe(without)
    checkout.up()
    checkout.describe(text)
    kubectl = Kubectl(checkout)
    run = checkout.begin("up", "local")
    # Its creation ends only when its pod is ready.
    wait_for_pending(checkout, run, "workspaces", "Deployment", 120)
    until("the deployment", lambda: kubectl("get", "deployment", "hello", "-n", "sample").code == 0)
    kill(checkout, run, "everything" if afterwards == "removed" else "engine")
    run.wait(60)
    checkout.describe(text.replace("port: 8080", "port: 8090") if afterwards == "changed" else without)
    mended = checkout.make("up")
    assert mended.code == 0, mended
    assert_whole(checkout, afterwards)
    services = kubectl.get("services", "-n", "sample")["items"]
    ports = [port["port"] for service in services for port in service["spec"]["ports"]]
    assert ports == ([8090] if afterwards == "changed" else [])


def test_a_crash_in_the_middle_of_the_recovery(checkout: Checkout) -> None:
    """The state then claims what nobody has looked for yet; it must not be believed."""
    checkout.describe(without_service(checkout))
    checkout.up()
    checkout.describe(None)
    # Asking how to reach the cluster takes longer than the pod's start.
    kubectl = Kubectl(checkout)
    run = checkout.begin("up", "local")
    wait_for_pending(checkout, run, "workspaces", "Deployment", 120)
    kill(checkout, run, "engine")
    run.wait(60)
    assert checkout.checkpoint("workspaces")["pending_operations"], "the creation was over already"
    # Claimed by the state once it is adopted, and not there.
    kubectl("delete", "deployment", "hello", "-n", "sample", "--ignore-not-found")
    run = checkout.begin("up", "local")
    unsettled = checkout.root / ".idp/unsettled/local.workspaces"
    until("recovery", unsettled.exists)
    until("state that claims it", lambda: ("Deployment", "sample", "hello") in state_objects(checkout))
    kill(checkout, run, "everything")
    run.wait(60)
    assert unsettled.exists(), "the recovery was over already"
    mended = checkout.make("up")
    assert mended.code == 0, mended
    assert not unsettled.exists()
    assert_whole(checkout, "crash in the recovery")


def test_an_engine_outlives_its_idp_and_is_waited_for(checkout: Checkout) -> None:
    checkout.describe(variant(checkout, 1))
    run = checkout.begin("up", "local")
    wait_for_pending(checkout, run, "workspaces", "Deployment", 120)
    engines = checkout.engines()
    run.kill()
    run.wait(10)
    assert [engine for engine in engines if psutil.pid_exists(engine.pid)], "the engine died with its idp"
    refused = checkout.idp("up", "local", "--wait", "0")
    assert refused.code == 4, refused
    assert f"the engine that idp up local (pid {run.pid}" in refused.err
    mended = checkout.make("up")
    assert mended.code == 0, mended
    assert_whole(checkout, "engine outlived its idp")
