"""Every report lists every exemption of the environment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from environments import Environment
from environments.loading import parse
from environments.model import FOLDER
from idp.engine.layer import Result
from idp.engine.progress import Progress, Violation
from idp.exemptions import listed

URN = "urn:pulumi:dev.platform::idp::*kubernetes:apps/v1:Deployment::web*"


def environment(days: int = 0) -> Environment:
    document = yaml.safe_load((FOLDER / "dev.yaml").read_text("utf-8"))
    expires = (datetime.now(UTC).date() + timedelta(days)).isoformat()
    about = {"owner": "team-a", "reason": "Because", "expires": expires}
    exemptions = [
        {"control": "image_pinned", "resource": URN, **about},
        {"control": "image_pinned", "resource": "namespace:workspaces/shop", **about},
    ]
    return parse(yaml.safe_dump({**document, "policies": {"exemptions": exemptions}}).encode(), "dev")


def test_an_exemption_of_a_layer_that_was_not_looked_at_is_listed_too() -> None:
    message = f"exemptions of this stack:\n- image_pinned on {URN}, until 2026-11-25, by team-a, findings: 3: Because"
    result = Result(
        "platform", "preview", True, 1, Progress("platform", violations=[Violation("s", False, "", message)])
    )
    found = listed(environment(), [result])
    assert [(one.control, one.resource, one.findings) for one in found] == [
        ("image_pinned", URN, 3),
        ("image_pinned", "namespace:workspaces/shop", None),
    ]
    assert {(one.owner, one.reason) for one in found} == {("team-a", "Because")}


@pytest.mark.parametrize(("days", "expired"), [(-1, True), (0, False), (1, False)])
def test_it_holds_to_the_end_of_its_day(days: int, expired: bool) -> None:
    assert [one.expired for one in listed(environment(days), [])] == [expired] * 2
