"""A change that breaks a rule ends in the preview: nothing is changed, and the message says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from stacks import layers

from .checkout import Checkout, run
from .kubectl import Kubectl
from .snapshot import unchanged

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

VIOLATION = 5


@dataclass(frozen=True)
class Mistake:
    """A change of the code that one rule must refuse."""

    rule: str
    file: str
    before: str
    after: str
    where: str
    """Resource and path that the message names."""
    remedy: str
    """How the remedy begins."""
    layer: str = "workspaces"


MISTAKES = (
    Mistake(
        "container_resources",
        "components/pods.py",
        '"limits": {"memory": memory}',
        '"limits": {}',
        "sample-hello, spec.template.spec.containers[0].resources.limits.memory: is missing or zero",
        "Set `resources.requests.cpu`",
    ),
    Mistake(
        "default_provider",
        "stacks/providers.py",
        '"cluster",',
        '"default_cluster",',
        "sample-hello: made by a default provider",
        "Pass the stack's provider",
    ),
    Mistake(
        "image_pinned",
        "components/http_service.py",
        '"image": args.image',
        '"image": "idp.local/sample"',
        "sample-hello, spec.template.spec.containers[0].image: has neither tag nor digest",
        "Name the version of the image",
    ),
    Mistake(
        "namespace_default_deny",
        "components/isolated_namespace.py",
        '"policy_types": ["Ingress", "Egress"]',
        '"policy_types": ["Ingress"]',
        "idp-gateway, metadata.name: no NetworkPolicy of this stack denies by default",
        "Add a NetworkPolicy with `podSelector: {}`",
        # In a workspace another policy, the one for the namespace's own pods, closes it all the same.
        "platform",
    ),
    Mistake(
        "namespace_pod_security",
        "components/isolated_namespace.py",
        "**pod_security(args.pod_security), ",
        "",
        # Whichever the engine comes to first ends the preview.
        "blue, metadata.labels or sample, metadata.labels",
        "Label the namespace `",
    ),
    Mistake(
        "rbac_wildcard",
        "components/workspace_access.py",
        '_rules({"": ("secrets",)}, (*_READ, *_WRITE))',
        '_rules({"": ("secrets",)}, ("*",))',
        "sample-maintainer, rules[",
        "List the API groups, resources and verbs",
    ),
)
ONE = MISTAKES[2]


@contextmanager
def made(platform: Checkout, *mistakes: Mistake) -> Iterator[None]:
    """Make mistakes in the platform's code, and undo them at the end."""
    before = {path: path.read_text() for path in {platform.root / mistake.file for mistake in mistakes}}
    try:
        for mistake in mistakes:
            path = platform.root / mistake.file
            text = path.read_text()
            assert text.count(mistake.before) == 1, f"{mistake.file} has changed: adapt the mistake"
            path.write_text(text.replace(mistake.before, mistake.after))
        yield
    finally:
        for path, text in before.items():
            path.write_text(text)


@contextmanager
def described(platform: Checkout) -> Iterator[None]:
    """Put the environment's file back at the end."""
    try:
        yield
    finally:
        platform.describe(None)


def refused(layers: Sequence[dict[str, Any]]) -> list[str]:
    """Return what mandatory policies said in the layers' results."""
    return [found["message"] for layer in layers for found in layer["violations"] if found["mandatory"]]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.rule)
def test_up_is_refused_before_anything_changes(platform: Checkout, kubectl: Kubectl, mistake: Mistake) -> None:
    with made(platform, mistake), unchanged(platform, kubectl):
        ran = platform.idp("up", "local", "--layer", mistake.layer, "--json")
    assert ran.code == VIOLATION, ran
    layers = ran.json()["layers"]
    assert [(layer["action"], layer["ok"]) for layer in layers] == [("preview", False)]
    messages = refused(layers)
    assert messages
    assert all(f"\n{mistake.rule} (" in message for message in messages), "another rule refused, too"
    places = [f" on {where}" for where in mistake.where.split(" or ")]
    assert [message for message in messages if any(place in message for place in places)], messages
    assert all(f"\n  Remedy: {mistake.remedy}" in message for message in messages), messages


def test_what_one_layer_may_not_holds_the_others_back_too(platform: Checkout, kubectl: Kubectl) -> None:
    """The layer `platform` has a harmless change, is first in order, and still must wait."""
    changed = platform.original.replace("    - idp.local/\n", "    - idp.local/\n    - registry.example/\n")
    assert changed != platform.original
    platform.describe(changed)
    try:
        with made(platform, ONE), unchanged(platform, kubectl):
            ran = platform.idp("up", "local", "--json")
            assert ran.code == VIOLATION, ran
            assert {layer["action"] for layer in ran.json()["layers"]} == {"preview"}
    finally:
        platform.describe(None)


def test_a_preview_tells_a_person_everything_at_once(platform: Checkout, kubectl: Kubectl) -> None:
    # Two others break the preview itself: what the API server refuses, nobody gets to judge any further.
    mistakes = [one for one in MISTAKES if one.rule not in ("default_provider", "namespace_pod_security")]
    with made(platform, *mistakes), unchanged(platform, kubectl):
        ran = platform.idp("preview", "local")
    assert ran.code == VIOLATION, ran
    assert "Traceback" not in ran.err
    for mistake in mistakes:
        assert re.search(rf"^{mistake.rule} \(\w+\) on {re.escape(mistake.where)}", ran.err, re.MULTILINE), ran
        assert f"\n  Remedy: {mistake.remedy}" in ran.err, ran
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in ran.out.splitlines() if line.startswith("│")]
    refused = {"platform", "workspaces"}
    expected = [(layer, "preview failed" if layer in refused else "preview") for layer in layers.LAYERS]
    assert [(row[0], row[1]) for row in rows] == expected
    assert {row[0] for row in rows if re.match(r"[1-9]\d* refused", row[4])} == refused, ran


@pytest.mark.parametrize("command", ["preview", "up --yes --skip-preview"])
def test_stock_pulumi_is_refused_too(platform: Checkout, kubectl: Kubectl, command: str) -> None:
    before = kubectl.platform_objects()
    shell = f'eval "$(.venv/bin/idp env-vars local)"; pulumi {command} -s local.workspaces'
    with made(platform, ONE):
        stock = run("bash", "-euc", shell, cwd=platform.root)
    assert stock.code != 0, stock
    said = " ".join((stock.out + stock.err).split())
    assert f"{ONE.rule} (" in said, stock
    assert f" on {ONE.where}" in said, stock
    deployment = ("Deployment", "sample", "hello")
    assert kubectl.platform_objects()[deployment]["spec"] == before[deployment]["spec"]


HELLO = "urn:pulumi:local.workspaces::idp::*kubernetes:apps/v1:Deployment::sample-*"


def governed(platform: Checkout, exemptions: Sequence[dict[str, str]] = (), **more: object) -> str:
    """Return the environment's file with further exemptions, before its own, and other parts of `policies`."""
    document = yaml.safe_load(platform.original)
    own = document["policies"]["exemptions"]
    document["policies"] |= {"exemptions": [*exemptions, *own], **more}
    return yaml.safe_dump(document, sort_keys=False)


def ours(listed: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the exemptions from the rule that a mistake breaks; the others are the file's own."""
    return [one for one in listed if one["control"] == ONE.rule]


def exempted(platform: Checkout) -> int:
    """Return how many findings the file's own exemptions excuse in the workspaces."""
    ran = platform.idp("preview", "local", "--layer", "workspaces", "--json")
    assert ran.code == 0, ran
    found: int = ran.json()["layers"][0]["policies"]["exempted"]
    return found


def exemption(days: int) -> dict[str, str]:
    expires = (datetime.now(UTC).date() + timedelta(days)).isoformat()
    about = {"owner": "team-sample", "reason": "A test", "expires": expires}
    return {"control": ONE.rule, "resource": HELLO, **about}


def test_an_exemption_excuses_a_finding_until_its_day_is_over(platform: Checkout, kubectl: Kubectl) -> None:
    own = exempted(platform)
    with described(platform), made(platform, ONE), unchanged(platform, kubectl):
        platform.describe(governed(platform, [exemption(1)]))
        ran = platform.idp("preview", "local", "--layer", "workspaces", "--json")
        assert ran.code == 0, ran
        [layer] = ran.json()["layers"]
        assert layer["policies"] == {"refused": 0, "advisory": 0, "exempted": own + 1}
        [listed] = ours(ran.json()["exemptions"])
        assert listed == {**exemption(1), "expired": False, "findings": 1}

        platform.describe(governed(platform, [exemption(-1)]))
        ran = platform.idp("up", "local", "--layer", "workspaces", "--json")
        assert ran.code == VIOLATION, ran
        messages = refused(ran.json()["layers"])
        assert [message for message in messages if f"expired exemption: {ONE.rule} on {HELLO}" in message]
        assert [message for message in messages if f" on {ONE.where}" in message]
        assert [one["expired"] for one in ours(ran.json()["exemptions"])] == [True]


def test_policies_that_cannot_be_used_excuse_nothing(platform: Checkout, kubectl: Kubectl) -> None:
    """The model does not know the controls: the pack does, before anything is made."""
    unknown = {**exemption(1), "control": "image_pined"}
    shell = 'eval "$(.venv/bin/idp env-vars local)"; pulumi up --yes --skip-preview -s local.workspaces'
    before = kubectl.platform_objects()
    with described(platform), made(platform, ONE):
        platform.describe(governed(platform, [unknown], strict=True))
        stock = run("bash", "-euc", shell, cwd=platform.root)
    assert stock.code != 0, stock
    deployment = ("Deployment", "sample", "hello")
    assert kubectl.platform_objects()[deployment]["spec"] == before[deployment]["spec"]
    said = " ".join((stock.out + stock.err).split())
    assert "cannot be used: local.yaml: policies.exemptions[0].control: 'image_pined' is not allowed" in said, stock


def test_what_was_there_before_is_only_reported_and_what_is_new_refuses(platform: Checkout, kubectl: Kubectl) -> None:
    before, new = ONE, MISTAKES[5]
    file = platform.root / "environments/local.baseline.json"
    own = exempted(platform)
    try:
        with described(platform), made(platform, before), unchanged(platform, kubectl):
            ran = platform.idp("policy", "baseline", "local", "--layer", "workspaces", "--json")
            assert ran.code == 0, ran
            assert [(one["control"], one["findings"]) for one in ran.json()["findings"]] == [(before.rule, 1)]
            platform.describe(governed(platform, baseline=file.name, strict=True))
            written = file.read_text()
            assert platform.idp("policy", "baseline", "local", "--layer", "workspaces").code == 0
            assert file.read_text() == written

            ran = platform.idp("preview", "local", "--layer", "workspaces", "--json")
            assert ran.code == 0, ran
            assert ran.json()["layers"][0]["policies"] == {"refused": 0, "advisory": 1, "exempted": own}
            with made(platform, new):
                ran = platform.idp("preview", "local", "--layer", "workspaces", "--json")
            assert ran.code == VIOLATION, ran
            assert all(f"\n{new.rule} (" in message for message in refused(ran.json()["layers"]))
    finally:
        file.unlink(missing_ok=True)


def test_once_it_is_put_right_nothing_is_left_of_it(platform: Checkout) -> None:
    for layer in platform.up().values():
        assert (layer["action"], layer["changes"]) == ("unchanged", {})
        assert (layer["policies"]["refused"], layer["policies"]["advisory"]) == (0, 0)
