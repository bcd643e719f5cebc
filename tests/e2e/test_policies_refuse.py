"""A change that breaks a rule ends in the preview: nothing is changed, and the message says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from .checkout import Checkout, run
from .kubectl import Kubectl

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Mistake:
    """A change of the code that a rule must refuse."""

    rule: str
    file: str
    before: str
    after: str
    where: str
    """Resource and path that the message names."""
    remedy: str


MISTAKES = (
    Mistake(
        "image_pinned",
        "components/http_service.py",
        '"image": args.image',
        '"image": "idp.local/sample"',
        "sample-hello, spec.template.spec.containers[0].image: has neither tag nor digest",
        "Name the version of the image",
    ),
    Mistake(
        "container_resources",
        "components/http_service.py",
        '"limits": {"memory": args.memory}',
        '"limits": {}',
        "sample-hello, spec.template.spec.containers[0].resources.limits.memory: is missing or zero",
        "Set `resources.requests.cpu`",
    ),
    Mistake(
        "namespace_pod_security",
        "components/isolated_namespace.py",
        "**pod_security(args.pod_security), ",
        "",
        "blue, metadata.labels",
        "enforce",
    ),
    Mistake(
        "rbac_wildcard",
        "components/workspace_access.py",
        '_rules({"": ("secrets",)}, (*_READ, *_WRITE))',
        '_rules({"": ("secrets",)}, ("*",))',
        "sample-maintainer, rules[",
        "",
    ),
)


@pytest.fixture(params=MISTAKES, ids=lambda mistake: mistake.rule)
def mistake(request: pytest.FixtureRequest, platform: Checkout) -> Iterator[Mistake]:
    """Return a mistake that has been made in the platform's code; it is undone at the end."""
    made: Mistake = request.param
    path = platform.root / made.file
    before = path.read_text()
    assert made.before in before
    path.write_text(before.replace(made.before, made.after))
    try:
        yield made
    finally:
        path.write_text(before)


def picture(platform: Checkout, kubectl: Kubectl) -> tuple[object, object]:
    """Return what the states list, and the versions of all objects in the cluster."""
    states = [platform.checkpoint(layer)["resources"] for layer in ("platform", "workspaces")]
    versions = {name: item["metadata"].get("generation", 0) for name, item in kubectl.platform_objects().items()}
    return states, versions


def test_up_is_refused_before_anything_changes(platform: Checkout, kubectl: Kubectl, mistake: Mistake) -> None:
    before = picture(platform, kubectl)
    refused = platform.idp("up", "local", "--json")
    assert refused.code == 5, refused
    mandatory = [found for layer in refused.json()["layers"] for found in layer["violations"] if found["mandatory"]]
    messages = [found["message"] for found in mandatory]
    assert [message for message in messages if f"{mistake.rule} (" in message and mistake.where in message], messages
    assert all("Remedy: " in message and mistake.remedy in message for message in messages), messages
    assert {layer["action"] for layer in refused.json()["layers"]} == {"preview"}
    assert picture(platform, kubectl) == before


def test_all_other_ways_are_refused_too(platform: Checkout, kubectl: Kubectl) -> None:
    one = MISTAKES[0]
    path = platform.root / one.file
    text = path.read_text()
    before = picture(platform, kubectl)
    path.write_text(text.replace(one.before, one.after))
    try:
        preview = platform.idp("preview", "local")
        assert preview.code == 5, preview
        assert one.rule in preview.err
        assert f"Remedy: {one.remedy}" in preview.err
        assert "refused" in preview.out
        shell = 'eval "$(.venv/bin/idp env-vars local)"; pulumi up --yes --skip-preview -s local.workspaces'
        stock = run("bash", "-euc", shell, cwd=platform.root)
        assert stock.code != 0, stock
        assert one.where in stock.out + stock.err, stock
    finally:
        path.write_text(text)
    states, versions = picture(platform, kubectl)
    assert versions == before[1]
    assert _urns(states) == _urns(before[0])
    assert {result["action"] for result in platform.up().values()} == {"unchanged"}


def _urns(states: object) -> list[list[str]]:
    assert isinstance(states, list)
    return [sorted(resource["urn"] for resource in state) for state in states]
